import type { AddressInfo } from "node:net";
import express, { type Request, type Response } from "express";
import {
  freshLoginRequired,
  LoginManager,
  loginRequired,
  loginUser,
  logoutUser,
  safeNext,
  sameOriginRequired,
} from "latchkey";
import { openStore } from "latchkey/stores";
import { homePage, logInPage } from "./pages.js";
import { passwordProblem } from "./passwords.js";
import { authenticate, createUser, findUser, type User as Row } from "./users.js";

declare global {
  namespace Express {
    interface User extends Row {} // the type of req.user
  }
}

const login = new LoginManager<Row>({
  secret: process.env.SECRET ?? "only for development: 32 characters or more",
  store: await openStore(process.env.SESSION_STORE ?? "sqlite:sessions.sqlite"),
  userLoader: findUser,
  loginView: "/login",
  refreshView: "/login",
  remember: { duration: "30d" },
});

const app = express();
login.init(app);
app.use(sameOriginRequired()); // refuses forms and requests of other sites
app.use(express.urlencoded());

app.get("/login", (req, res) => void res.send(logInPage(safeNext(req))));

app.post("/login", async (req, res) => {
  const { email, password } = credentials(req);
  await enter(req, res, await authenticate(email, password), "The e-mail or the password is wrong.");
});

app.post("/signup", async (req, res) => {
  const { email, password } = credentials(req);
  const problem = passwordProblem(password, email);
  if (problem) return enter(req, res, undefined, problem);
  await enter(req, res, await createUser(email, password), "An account with this e-mail already exists.");
});

app.get("/", loginRequired(), async (req, res) => {
  res.send(homePage(req.user!.email, await login.sessions.list(req.user!)));
});

app.post("/log-out-others", freshLoginRequired({ within: "10m" }), async (req, res) => {
  await login.sessions.revokeAll(req.user!, { exceptCurrent: true });
  res.redirect(303, "/");
});

app.post("/logout", async (req, res) => {
  await logoutUser(req);
  res.redirect(303, "/login");
});

/** Logs the user in and opens the requested page. Without a user, it shows the form again. */
async function enter(req: Request, res: Response, user: Row | undefined, problem: string) {
  const { email, remember } = credentials(req);
  if (!user) return void res.status(422).send(logInPage(safeNext(req), email, problem));
  await loginUser(req, user, { remember });
  res.redirect(303, safeNext(req));
}

function credentials(req: Request) {
  const { email, password, remember } = (req.body ?? {}) as Record<string, unknown>;
  return { email: String(email).trim().toLowerCase(), password: String(password), remember: remember === "on" };
}

const server = app.listen(Number(process.env.PORT ?? 3000), "localhost", () => {
  console.log(`http://localhost:${(server.address() as AddressInfo).port}`);
});
