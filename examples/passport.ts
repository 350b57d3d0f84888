// Passport checks the credentials with any of its strategies. latchkey keeps the user logged in.
//
//   npm run build && npm run build:examples && node build/examples/passport.js

import { randomBytes } from "node:crypto";
import type { AddressInfo } from "node:net";
import { hash, verify } from "@node-rs/argon2";
import express from "express";
import { LoginManager, loginRequired, loginUser, logoutUser, safeNext, sameOriginRequired } from "latchkey";
import passport from "passport";
import { Strategy as LocalStrategy } from "passport-local";

const { PORT = "3000" } = process.env;

const accounts = [{ id: "1", email: "ann@example.com", passwordHash: await hash("correct horse") }];
type Account = (typeof accounts)[number];

// latchkey replaces passport.session(), serializeUser and deserializeUser.
passport.use(
  new LocalStrategy({ usernameField: "email" }, async (email, password, done) => {
    try {
      const account = accounts.find((one) => one.email === email);
      done(null, account && (await verify(account.passwordHash, password)) ? account : false);
    } catch (error) {
      done(error);
    }
  }),
);

const login = new LoginManager<Account>({
  secret: process.env.SECRET ?? randomBytes(32).toString("hex"),
  userLoader: (id) => accounts.find((account) => account.id === id),
  loginView: "/login",
  nextIn: "cookie", // a query would be lost at failureRedirect and at an identity provider
});

const app = express();
login.init(app);
app.use(sameOriginRequired()); // refuses forms and requests of other sites
app.use(express.urlencoded());

app.get("/login", (req, res) => {
  res.send(`${"failed" in req.query ? "Wrong e-mail or password." : ""}<form method="post" action="/login">
    <input name="email" type="email" autocomplete="username" value="ann@example.com" required>
    <input name="password" type="password" autocomplete="current-password" placeholder="correct horse" required>
    <label><input name="remember" type="checkbox"> Remember me</label>
    <button>Log in</button>
  </form>`);
});

const credentials = passport.authenticate("local", { session: false, failureRedirect: "/login?failed" });

app.post("/login", credentials, async (req, res) => {
  await loginUser(req, req.user!, { remember: req.body?.remember === "on" });
  res.redirect(safeNext(req));
});

app.post("/logout", async (req, res) => {
  await logoutUser(req);
  res.redirect("/login");
});

app.get("/", loginRequired(), async (_req, res) => {
  const { email } = (await login.currentUser()) as Account;
  res.send(`Hello, ${email}! <form method="post" action="/logout"><button>Log out</button></form>`);
});

const server = app.listen(Number(PORT), "localhost", () => {
  console.log(`http://localhost:${(server.address() as AddressInfo).port}`);
});
