// Several instances that share logins in Redis. A login or a logout at one instance applies to all of them.
//
//   npm run build && npm run build:examples && export SECRET=$(openssl rand -base64 32)
//   PORT=3001 node build/examples/redis.js & PORT=3002 node build/examples/redis.js

import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { hash, verify } from "@node-rs/argon2";
import express from "express";
import { LoginManager, loginRequired, loginUser, logoutUser, safeNext, sameOriginRequired } from "latchkey";
import { openStore } from "latchkey/stores";

const { PORT = "3000", SECRET, SESSION_STORE = "redis://localhost:6379" } = process.env;
if (!SECRET) throw new Error("Set SECRET to the same value of at least 32 characters for every instance.");

const accounts = [{ id: "1", email: "ann@example.com", passwordHash: await hash("correct horse") }];
type Account = (typeof accounts)[number];

const store = await openStore(SESSION_STORE);
const login = new LoginManager<Account>({
  secret: SECRET,
  store,
  userLoader: (id) => accounts.find((account) => account.id === id),
  loginView: "/login",
});

const app = express();
// Behind a load balancer that ends TLS, call app.set("trust proxy", 1). Otherwise Secure cookies cannot be set.
login.init(app);
app.use(sameOriginRequired()); // refuses forms and requests of other sites
app.use(express.urlencoded());

app.get("/login", (_req, res) => {
  res.send(`<form method="post">
    <input name="email" type="email" autocomplete="username" value="ann@example.com" required>
    <input name="password" type="password" autocomplete="current-password" placeholder="correct horse" required>
    <label><input name="remember" type="checkbox"> Remember me</label>
    <button>Log in</button>
  </form>`);
});

app.post("/login", async (req, res) => {
  const { email, password, remember } = req.body ?? {};
  const account = accounts.find((one) => one.email === email);
  if (!account || !(await verify(account.passwordHash, String(password)))) {
    res.status(401).send("Wrong e-mail or password.");
    return;
  }
  await loginUser(req, account, { remember: remember === "on" });
  res.redirect(safeNext(req));
});

app.get("/", loginRequired(), async (_req, res) => {
  const account = (await login.currentUser()) as Account;
  const logins = await login.sessions.list(account);
  res.send(`Hello, ${account.email}! Number of logins: ${logins.length}.
    <form method="post" action="/logout"><button>Log out</button></form>
    <form method="post" action="/logout-elsewhere"><button>Log out everywhere else</button></form>`);
});

app.post("/logout", async (req, res) => {
  await logoutUser(req);
  res.redirect("/login");
});

app.post("/logout-elsewhere", loginRequired(), async (_req, res) => {
  await login.sessions.revokeAll((await login.currentUser()) as Account, { exceptCurrent: true });
  res.redirect("/");
});

const server = app.listen(Number(PORT), "localhost", () => {
  console.log(`http://localhost:${(server.address() as AddressInfo).port}`);
});

process.once("SIGTERM", async () => {
  server.close();
  await once(server, "close"); // running requests finish first, and their sessions are saved
  await store.close();
});
