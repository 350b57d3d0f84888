// Plain Express: log in, be remembered, change the password, log out.
//
//   npm run build && npm run build:examples && node build/examples/express.js

import { randomBytes } from "node:crypto";
import type { AddressInfo } from "node:net";
import { hash, verify } from "@node-rs/argon2";
import express from "express";
import {
  confirmLogin,
  freshLoginRequired,
  LoginManager,
  loginRequired,
  loginUser,
  logoutUser,
  refreshStamp,
  safeNext,
  sameOriginRequired,
  UserMixin,
} from "latchkey";

const { PORT = "3000" } = process.env;

class Account extends UserMixin {
  constructor(
    readonly id: string,
    readonly email: string,
    public passwordHash: string,
  ) {
    super();
  }

  getSessionStamp() {
    return this.passwordHash; // a new password ends all other logins
  }

  hasPassword(password: unknown): Promise<boolean> {
    return verify(this.passwordHash, String(password));
  }
}

const accounts = [new Account("1", "ann@example.com", await hash("correct horse"))]; // use a database instead

const login = new LoginManager<Account>({
  secret: process.env.SECRET ?? randomBytes(32).toString("hex"),
  userLoader: (id) => accounts.find((account) => account.id === id),
  loginView: "/login",
  refreshView: "/confirm",
});

const app = express();
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
  if (!(await account?.hasPassword(password))) {
    res.status(401).send("Wrong e-mail or password.");
    return;
  }
  await loginUser(req, account!, { remember: remember === "on" });
  res.redirect(safeNext(req)); // the requested page, or "/"
});

app.post("/logout", async (req, res) => {
  await logoutUser(req);
  res.redirect("/login");
});

app.get("/", loginRequired(), async (_req, res) => {
  const { email } = await me();
  res.send(`Hello, ${email}! <a href="/password">Change your password</a>
    <form method="post" action="/logout"><button>Log out</button></form>`);
});

// Redirects to /confirm and back if a cookie restored the login, or if the login is more than ten minutes old.
const recently = freshLoginRequired({ within: "10m" });

app.get("/password", recently, (_req, res) => {
  res.send(`<form method="post">
    <input name="password" type="password" autocomplete="new-password" minlength="15" required>
    <button>Change</button>
  </form>`);
});

app.post("/password", recently, async (req, res) => {
  const { password } = req.body ?? {};
  if (typeof password !== "string" || password.length < 15) {
    res.status(422).send("Use at least 15 characters.");
    return;
  }
  const account = await me();
  account.passwordHash = await hash(password);
  await refreshStamp(req); // keeps this login
  res.redirect("/");
});

app.get("/confirm", loginRequired(), (_req, res) => {
  res.send(`<form method="post">
    <input name="password" type="password" autocomplete="current-password" required>
    <button>Confirm</button>
  </form>`);
});

app.post("/confirm", loginRequired(), async (req, res) => {
  if (!(await (await me()).hasPassword(req.body?.password))) {
    res.status(401).send("That is not your password.");
    return;
  }
  await confirmLogin(req);
  res.redirect(safeNext(req));
});

/** Returns the account of the current request. Call it only behind a guard. */
async function me(): Promise<Account> {
  return (await login.currentUser()) as Account;
}

const server = app.listen(Number(PORT), "localhost", () => {
  console.log(`http://localhost:${(server.address() as AddressInfo).port}`);
});
