// A site whose support acts as its users, to see what they see.
//
//   npm run build && npm run build:examples && node build/examples/support.js

import { randomBytes } from "node:crypto";
import type { AddressInfo } from "node:net";
import { hash, verify } from "@node-rs/argon2";
import express, { type NextFunction, type Request, type Response } from "express";
import {
  confirmLogin,
  freshLoginRequired,
  LatchkeyError,
  LoginManager,
  loginRequired,
  loginUser,
  logoutUser,
  roleRequired,
  safeNext,
  sameOriginRequired,
} from "latchkey";
import { impersonate, impersonator, stopImpersonating } from "latchkey/impersonation";

const { PORT = "3000", SECRET = randomBytes(32).toString("hex") } = process.env;

const passwordHash = await hash("correct horse");
// Use a database instead.
const accounts = [
  { id: "1", email: "sue@support.example", passwordHash, roles: ["support"] },
  { id: "2", email: "ann@example.com", passwordHash, roles: [] as string[] },
];
type Account = (typeof accounts)[number];

const login = new LoginManager<Account>({
  secret: SECRET,
  userLoader: (id) => accounts.find((account) => account.id === id),
  loginView: "/login",
  refreshView: "/confirm",
  onForbidden: (_req, _res, next) => next(), // the error handler below answers
});
login.on("impersonationStarted", ({ user, impersonator }) =>
  console.log(`${impersonator.email} acts as ${user.email}`),
);
login.on("impersonationEnded", ({ userId, reason }) => console.log(`nobody acts as ${userId} any more: ${reason}`));

const app = express();
login.init(app);
app.use(sameOriginRequired()); // refuses forms and requests of other sites
app.use(express.urlencoded());

app.get("/login", (req, res) => show(req, res, "Log in", passwordForm("Log in", { email: true })));
app.post("/login", async (req, res) => {
  const account = accounts.find(({ email }) => email === req.body?.email);
  if (!account || !(await isPassword(account, req))) return show(req, res, "Wrong e-mail or password", "", 401);
  await loginUser(req, account);
  res.redirect(303, safeNext(req));
});
app.get("/confirm", loginRequired(), (req, res) => show(req, res, "Confirm your password", passwordForm("Confirm")));
app.post("/confirm", loginRequired(), async (req, res) => {
  if (!(await isPassword(req.user as Account, req))) return show(req, res, "Wrong password", "", 401);
  await confirmLogin(req);
  res.redirect(303, safeNext(req));
});
app.post("/logout", async (req, res) => {
  await logoutUser(req); // while support acts as a user, this ends both logins
  res.redirect(303, "/login");
});

app.get("/", loginRequired(), (req, res) => {
  return show(req, res, "Orders", '<p><a href="/password">Change the password</a> <a href="/support">Support</a></p>');
});
// Only users change their own passwords. Support is never fresh while it acts as a user.
app.get("/password", freshLoginRequired(), (req, res) => show(req, res, "Change the password", ""));

// Support acts only as users, never as other support, and only within ten minutes of a password.
const mayAct = [roleRequired("support"), freshLoginRequired({ within: "10m" })];
app.get("/support", ...mayAct, (req, res) => {
  const users = accounts.filter(({ roles }) => roles.length === 0);
  return show(
    req,
    res,
    "Support",
    users.map(({ id, email }) => button(`Act as ${email}`, `/support/as/${id}`)).join(""),
  );
});
app.post("/support/as/:id", ...mayAct, async (req, res) => {
  const account = accounts.find(({ id, roles }) => id === req.params.id && roles.length === 0);
  if (!account) return show(req, res, "There is no such user", "", 404);
  await impersonate(req, account);
  res.redirect(303, "/");
});
app.post("/support/stop", async (req, res) => {
  await stopImpersonating(req);
  res.redirect(303, "/support");
});

app.use(async (error: unknown, req: Request, res: Response, next: NextFunction) => {
  if (!(error instanceof LatchkeyError) || error.status === 500) return next(error);
  const text = error.code === "impersonating" ? "Only the user can do this." : error.message;
  await show(req, res, "Not possible", `<p>${text}</p>`, error.status);
});

async function isPassword({ passwordHash }: Account, { body }: Request): Promise<boolean> {
  return verify(passwordHash, String(body?.password));
}

/** Sends a page. Its header says who acts as whom. */
async function show(req: Request, res: Response, heading: string, content: string, status = 200): Promise<void> {
  const user = (await login.currentUser(req)) as Partial<Account>;
  const by = (await impersonator(req)) as Account | null;
  const out = user.email ? `${user.email} ${button("Log out", "/logout")}` : "";
  const banner = by ? `<strong>${by.email} acts as ${user.email}.</strong> ${button("Stop", "/support/stop")}` : out;
  res
    .status(status)
    .set("Cache-Control", "no-store")
    .send(
      `<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
    <title>${heading}</title><header>${banner}</header><main><h1>${heading}</h1>${content}</main></html>`,
    );
}

function passwordForm(label: string, { email = false } = {}): string {
  const name = '<p><label>E-mail <input name="email" type="email" autocomplete="username" required></label></p>';
  return `<form method="post">${email ? name : ""}
    <p><label>Password <input name="password" type="password" autocomplete="current-password" required></label></p>
    <button>${label}</button></form>`;
}

function button(label: string, action: string): string {
  return `<form method="post" action="${action}"><button>${label}</button></form>`;
}

const server = app.listen(Number(PORT), "localhost", () => {
  console.log(`http://localhost:${(server.address() as AddressInfo).port}`);
});
