import express, { type Express, type Request } from "express";
import {
  flash,
  LoginManager,
  loginRequired,
  loginUser,
  logoutUser,
  refreshStamp,
  roleRequired,
  safeNext,
  sameOriginRequired,
  takeFlashes,
} from "latchkey";
import { Account, type Accounts } from "./accounts.js";

/** An address book with latchkey. `../passport-before` is the same application with Passport. */
export function createApp(accounts: Accounts, secret: string): Express {
  const login = new LoginManager<Account>({
    secret,
    userLoader: (id) => accounts.find(id),
    loginView: "/login",
    loginMessage: null,
    nextIn: "cookie",
    remember: { duration: "30d" },
  });

  const app = express();
  login.init(app);
  app.use(sameOriginRequired());
  app.use(express.urlencoded());

  app.get("/", async (req, res) => {
    const account = await login.currentUser();
    res.send(page(req, account instanceof Account ? `Hello, ${account.email}!` : '<a href="/login">Log in</a>'));
  });

  app.get("/login", (req, res) => {
    res.send(
      page(
        req,
        `<form method="post" action="/login">
          <input name="email" type="email" autocomplete="username" required>
          <input name="password" type="password" autocomplete="current-password" required>
          <label><input name="remember" type="checkbox"> Remember me</label>
          <button>Log in</button>
        </form>`,
      ),
    );
  });

  app.post("/login", async (req, res) => {
    const { email, password, remember } = req.body ?? {};
    const account = await accounts.check(email, password);
    if (!account) {
      flash(req, "Wrong e-mail or password.");
      res.redirect("/login");
      return;
    }
    await loginUser(req, account, { remember: remember === "on" });
    flash(req, "Welcome back.");
    res.redirect(safeNext(req, "/contacts"));
  });

  app.post("/logout", async (req, res) => {
    await logoutUser(req);
    flash(req, "You are logged out.");
    res.redirect("/");
  });

  app.get("/contacts", loginRequired(), (req, res) => {
    const account = req.user as Account;
    res.send(page(req, `${account.email} has ${account.contacts} contacts.`));
  });

  app.post("/contacts/import", loginRequired(), express.text({ type: "text/csv" }), (req, res) => {
    const account = req.user as Account;
    const added = String(req.body).trim().split("\n").length;
    account.contacts += added;
    flash(req, `Imported ${added} contacts.`);
    res.redirect("/contacts");
  });

  app.post("/password", loginRequired(), async (req, res) => {
    const account = req.user as Account;
    const { password } = req.body ?? {};
    if (typeof password === "string" && password.length >= 15) {
      await accounts.changePassword(account, password);
      await refreshStamp(req);
      flash(req, "Your password is changed.");
    } else flash(req, "Use at least 15 characters.");
    res.redirect("/contacts");
  });

  app.get("/admin", roleRequired("admin"), (req, res) => {
    res.send(page(req, accounts.emails().join(", ")));
  });

  return app;
}

function page(req: Request, content: string): string {
  const messages = takeFlashes(req).map(({ message }) => `<p>${message}</p>`);
  return `<!doctype html><title>Address book</title>${messages.join("")}<main>${content}</main>`;
}
