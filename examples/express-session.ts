// An application that already uses express-session with connect-redis, and adds latchkey.
//
//   npm run build && npm run build:examples && node build/examples/express-session.js

import { randomBytes } from "node:crypto";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { hash, verify } from "@node-rs/argon2";
import { RedisStore } from "connect-redis";
import express from "express";
import session from "express-session";
import { LoginManager, loginRequired, loginUser, logoutUser, safeNext, sameOriginRequired } from "latchkey";
import { createClient } from "redis";

const { PORT = "3000", SECRET = randomBytes(32).toString("hex"), REDIS_URL = "redis://localhost:6379" } = process.env;

declare module "express-session" {
  interface SessionData {
    cart?: string[];
  }
}

const accounts = [{ id: "1", email: "ann@example.com", passwordHash: await hash("correct horse") }];
type Account = (typeof accounts)[number];

const client = createClient({ url: REDIS_URL, disableOfflineQueue: true });
client.on("error", console.error); // without a listener, an error would end the process
await client.connect();

const login = new LoginManager<Account>({
  secret: SECRET,
  userLoader: (id) => accounts.find((account) => account.id === id),
  loginView: "/login",
});

const app = express();
app.use(
  session({
    secret: SECRET,
    store: new RedisStore({ client, prefix: "shop:" }),
    resave: false, // with true, a slow request could bring back a session that has ended
    saveUninitialized: false,
    cookie: { httpOnly: true, sameSite: "lax", secure: "auto" },
  }),
);
app.use(login.middleware()); // instead of login.init(app)
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

// The data that a visitor puts into the session is kept at the login.
app.post("/cart", (req, res) => {
  req.session.cart = [...(req.session.cart ?? []), String(req.body?.item)];
  res.redirect("/");
});

app.get("/", loginRequired(), async (req, res) => {
  const { email } = (await login.currentUser()) as Account;
  res.send(`Hello, ${email}! Things in your cart: ${req.session.cart?.length ?? 0}.
    <form method="post" action="/cart"><input name="item" required><button>Add to the cart</button></form>
    <form method="post" action="/logout"><button>Log out</button></form>`);
});

app.post("/logout", async (req, res) => {
  await logoutUser(req);
  res.redirect("/login");
});

const server = app.listen(Number(PORT), "localhost", () => {
  console.log(`http://localhost:${(server.address() as AddressInfo).port}`);
});

process.once("SIGTERM", async () => {
  server.close();
  await once(server, "close"); // running requests finish first, and their sessions are saved
  await client.close();
});
