import express, { type Express, type Request, type RequestHandler } from "express";
import session from "express-session";
import { Passport } from "passport";
import { Strategy as LocalStrategy } from "passport-local";
import type { Account, Accounts } from "./accounts.js";

declare module "express-session" {
  interface SessionData {
    messages?: string[];
    returnTo?: string;
  }
}

const THIRTY_DAYS = 30 * 24 * 60 * 60 * 1000;

/** A typical address book with Passport. `../passport-after` is the same application with latchkey. */
export function createApp(accounts: Accounts, secret: string): Express {
  const passport = new Passport();
  passport.use(
    new LocalStrategy({ usernameField: "email" }, async (email, password, done) => {
      try {
        const account = await accounts.check(email, password);
        done(null, account ?? false, { message: "Wrong e-mail or password." });
      } catch (error) {
        done(error);
      }
    }),
  );
  passport.serializeUser((user, done) => {
    done(null, (user as Account).id);
  });
  passport.deserializeUser(async (id: string, done) => {
    try {
      done(null, (await accounts.find(id)) ?? false);
    } catch (error) {
      done(error);
    }
  });

  const app = express();
  app.use(
    session({
      secret,
      resave: false,
      saveUninitialized: false,
      cookie: { sameSite: "lax", secure: "auto" },
    }),
  );
  app.use(passport.initialize());
  app.use(passport.session());
  app.use(express.urlencoded());

  app.get("/", (req, res) => {
    const account = req.user as Account | undefined;
    res.send(page(req, account ? `Hello, ${account.email}!` : '<a href="/login">Log in</a>'));
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

  app.post(
    "/login",
    passport.authenticate("local", {
      failureRedirect: "/login",
      failureMessage: true,
      keepSessionInfo: true, // otherwise returnTo is lost
    }),
    (req, res) => {
      if (req.body?.remember === "on") req.session.cookie.maxAge = THIRTY_DAYS;
      const { returnTo = "/contacts" } = req.session;
      delete req.session.returnTo;
      flash(req, "Welcome back.");
      res.redirect(returnTo);
    },
  );

  app.post("/logout", (req, res, next) => {
    req.logout((error) => {
      if (error) return next(error);
      flash(req, "You are logged out.");
      res.redirect("/");
    });
  });

  app.get("/contacts", ensureLoggedIn, (req, res) => {
    const account = req.user as Account;
    res.send(page(req, `${account.email} has ${account.contacts} contacts.`));
  });

  app.post("/contacts/import", ensureLoggedIn, express.text({ type: "text/csv" }), (req, res) => {
    const account = req.user as Account;
    const added = String(req.body).trim().split("\n").length;
    account.contacts += added;
    flash(req, `Imported ${added} contacts.`);
    res.redirect("/contacts");
  });

  app.post("/password", ensureLoggedIn, async (req, res) => {
    const account = req.user as Account;
    const { password } = req.body ?? {};
    if (typeof password === "string" && password.length >= 15) {
      await accounts.changePassword(account, password);
      flash(req, "Your password is changed.");
    } else flash(req, "Use at least 15 characters.");
    res.redirect("/contacts");
  });

  app.get("/admin", ensureLoggedIn, ensureRole("admin"), (req, res) => {
    res.send(page(req, accounts.emails().join(", ")));
  });

  return app;
}

const ensureLoggedIn: RequestHandler = (req, res, next) => {
  if (req.isAuthenticated()) return next();
  req.session.returnTo = req.originalUrl;
  res.redirect("/login");
};

function ensureRole(role: string): RequestHandler {
  return (req, res, next) => {
    const account = req.user as Account;
    if (account.roles.includes(role)) next();
    else res.status(403).send("You are not allowed to do this.");
  };
}

function flash(req: Request, message: string): void {
  req.session.messages = [...(req.session.messages ?? []), message];
}

function takeMessages(req: Request): string[] {
  const { messages = [] } = req.session;
  delete req.session.messages;
  return messages;
}

function page(req: Request, content: string): string {
  const messages = takeMessages(req).map((message) => `<p>${message}</p>`);
  return `<!doctype html><title>Address book</title>${messages.join("")}<main>${content}</main>`;
}
