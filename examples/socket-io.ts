// Express and Socket.IO: the sockets know the user who is logged in on the pages.
//
//   npm run build && npm run build:examples && node build/examples/socket-io.js

import { randomBytes } from "node:crypto";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
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
import { openStore } from "latchkey/stores";
import { Server, type Socket } from "socket.io";

const { PORT = "3000", PING_EVERY = "10000", SESSION_STORE = "memory:" } = process.env;

const accounts = [{ id: "1", name: "Ann", passwordHash: await hash("correct horse") }];
type Account = (typeof accounts)[number];

const login = new LoginManager<Account>({
  secret: process.env.SECRET ?? randomBytes(32).toString("hex"),
  store: await openStore(SESSION_STORE),
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
    <script src="/socket.io/socket.io.js"></script>
    <script>
      const socket = io();
      socket.on("greeting", (text) => { said.textContent = text; });
      socket.on("connect_error", ({ message }) => { said.textContent = message; });
      socket.on("disconnect", (reason) => { said.textContent = "Closed: " + reason; });
    </script>`);
});

type Messages = { greeting: (text: string) => void };
type LoggedInSocket = Socket<object, Messages, object, { account: Account }>;

const server = createServer(app);
const io = new Server<object, Messages, object, { account: Account }>(server, {
  // Browsers let every page open a socket here, and may send our cookies with it.
  allowRequest: (req, decide) => decide(null, isSameOrigin(req)),
  pingInterval: Number(PING_EVERY),
});

io.use(async (socket, next) => {
  try {
    const account = await login.authenticate(socket.request);
    if (!account) return next(new Error("Please log in."));
    socket.data.account = account;
    next();
  } catch (error) {
    console.error(error);
    next(new Error("Try again later."));
  }
});

io.on("connection", (socket) => {
  socket.emit("greeting", `Hello, ${socket.data.account.name}!`);
  // A login can also end because of a timeout, a password change or a logout in another process. The next ping detects
  // this.
  socket.conn.on("heartbeat", () => check(socket));
});

// A logout or a revocation in this process is detected immediately.
login.on("loggedOut", ({ userId }) => checkAll(userId));
login.on("loginsRevoked", ({ userId }) => checkAll(userId));

/**
 * Closes the socket if its login has ended since the handshake. The client then connects again with its current
 * cookies. The server refuses the new connection if those cookies contain no login.
 */
async function check(socket: LoggedInSocket): Promise<void> {
  const account = await login.authenticate(socket.request).catch(() => null);
  if (!account) socket.conn.close();
}

async function checkAll(userId: string): Promise<void> {
  const theirs = [...io.sockets.sockets.values()].filter(({ data }) => data.account.id === userId);
  await Promise.all(theirs.map(check));
}

server.listen(Number(PORT), "localhost", () => {
  console.log(`http://localhost:${(server.address() as AddressInfo).port}`);
});
