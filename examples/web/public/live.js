// Shows live notes on a page, and goes to the login page when the login ends elsewhere. Pages work without this script.

const FIRST_WAIT = 1_000;
const LONGEST_WAIT = 30_000;
let wait = FIRST_WAIT;
let isLeaving = false;

function connect() {
  const socket = new WebSocket(new URL("/live", location.href.replace(/^http/, "ws")));
  socket.addEventListener("open", () => {
    wait = FIRST_WAIT;
    document.documentElement.dataset.live = "on";
  });
  socket.addEventListener("message", ({ data }) => show(JSON.parse(data).note));
  socket.addEventListener("close", () => {
    delete document.documentElement.dataset.live;
    void askAgain();
  });
}

/** Checks whether this page is still logged in. If it is, connects again with the browser's current cookies. */
async function askAgain() {
  const status = await fetch("/api/me").then(
    (answer) => answer.status,
    () => 0,
  );
  // A page that logs out by itself gets here too, but it is already leaving.
  if (isLeaving) return;
  if (status === 401) return leave();
  setTimeout(connect, wait);
  wait = Math.min(2 * wait, LONGEST_WAIT);
}

/** Reloads the page. The server then redirects to the login page, and back to this page after the login. */
function leave() {
  location.replace(location.pathname + location.search);
}

function show(note) {
  const line = document.createElement("p");
  line.className = "flash info";
  const link = document.createElement("a");
  link.href = "/logins";
  link.textContent = "Where you are logged in";
  line.append(`${note} `, link);
  document.querySelector("#notes").append(line);
}

addEventListener("beforeunload", () => {
  isLeaving = true;
});
// After a logout, Back may show a page from the browser's cache. Reload such a page.
addEventListener("pageshow", ({ persisted }) => persisted && leave());
connect();
