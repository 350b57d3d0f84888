// Express and ws: the WebSockets know the user who is logged in on the pages.
//
//   npm run build && npm run build:examples && node build/examples/websocket.js

import { randomBytes } from "node:crypto";
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import type { Duplex } from "node:stream";
import { hash, verify } from "@node-rs/argon2";
import express from "express";
import {
  isSameOrigin,
  LoginManager,
  loginRequired,
  loginUser,
  logoutUser,
  safeNext,
  sameOriginRequired,
} from "latchkey";
import { type WebSocket, WebSocketServer } from "ws";

const { PORT = "3000", PING_EVERY = "10000" } = process.env;
/** The close code for a login that has ended. Applications can use the codes from 4000 to 4999. */
const NO_LOGIN = 4401;

const accounts = [{ id: "1", name: "Ann", passwordHash: await hash("correct horse") }];
type Account = (typeof accounts)[number];

const login = new LoginManager<Account>({
  secret: process.env.SECRET ?? randomBytes(32).toString("hex"),
  userLoader: (id) => accounts.find((account) => account.id === id),
  loginView: "/login",
});

const app = express();
login.init(app);
app.use(sameOriginRequired()); // refuses forms and requests of other sites
app.use(express.urlencoded());

app.get("/login", (_req, res) => {
  res.send(`<form method="post">
    <input name="name" autocomplete="username" value="Ann" required>
    <input name="password" type="password" autocomplete="current-password" placeholder="correct horse" required>
    <button>Log in</button>
  </form>`);
});

app.post("/login", async (req, res) => {
  const { name, password } = req.body ?? {};
  const account = accounts.find((one) => one.name === name);
  if (!account || !(await verify(account.passwordHash, String(password)))) {
    res.status(401).send("Wrong name or password.");
    return;
  }
  await loginUser(req, account);
  res.redirect(safeNext(req));
});

app.post("/logout", async (req, res) => {
  await logoutUser(req);
  res.redirect("/login");
});

app.get("/", loginRequired(), (_req, res) => {
  res.send(`<p id="said"></p>
    <form method="post" action="/logout" target="_blank"><button>Log out in another tab</button></form>
    <script>
      const socket = new WebSocket(location.origin.replace("http", "ws"));
      socket.onmessage = ({ data }) => { said.textContent = data; };
      socket.onclose = ({ code }) => { if (code === ${NO_LOGIN}) location.reload(); else said.textContent = "Closed."; };
    </script>`);
});

const server = createServer(app);
const sockets = new WebSocketServer({ noServer: true });

server.on("upgrade", async (req, socket, head) => {
  socket.on("error", () => socket.destroy());
  try {
    // Browsers let every page open a socket here, and may send our cookies with it.
    if (!isSameOrigin(req)) return refuse(socket, "403 Forbidden");
    const account = await login.authenticate(req);
    if (!account) return refuse(socket, "401 Unauthorized");
    sockets.handleUpgrade(req, socket, head, (ws) => serve(ws, req, account));
  } catch (error) {
    console.error(error);
    refuse(socket, "503 Service Unavailable");
  }
});

function refuse(socket: Duplex, status: string): void {
  socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
}

function serve(ws: WebSocket, req: IncomingMessage, account: Account): void {
  ws.on("error", console.error);
  ws.send(`Hello, ${account.name}!`);

  // The login may end while the socket is open: by a logout, a timeout or a password change. Each ping checks it again.
  // A confirmed login gets a new session, so the old cookies no longer work. The page then reloads with the new ones.
  const pings = setInterval(async () => {
    try {
      if (await login.authenticate(req)) ws.ping();
      else ws.close(NO_LOGIN);
    } catch {
      ws.close(1013); // "try again later": the session store is down
    }
  }, Number(PING_EVERY));
  ws.on("close", () => clearInterval(pings));
}

server.listen(Number(PORT), "localhost", () => {
  console.log(`http://localhost:${(server.address() as AddressInfo).port}`);
});
