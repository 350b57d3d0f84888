// Shows live notes on a page, and leaves it when its login has ended elsewhere. Pages work without this script.

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

/** Is this page still logged in? If so it connects again, by the cookies that the browser has now. */
async function askAgain() {
  const status = await fetch("/api/me").then(
    (answer) => answer.status,
    () => 0,
  );
  // A page that logs out by itself is on its way already, and hears of it here all the same.
  if (isLeaving) return;
  if (status === 401) return leave();
  setTimeout(connect, wait);
  wait = Math.min(2 * wait, LONGEST_WAIT);
}

/** Asks for the page anew, which sends who is not logged in to the login, and back here afterwards. */
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
// A browser may keep a page as it was and show it again by Back, after a logout too.
addEventListener("pageshow", ({ persisted }) => persisted && leave());
connect();
