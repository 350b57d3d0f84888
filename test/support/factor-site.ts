import { expect } from "chai";
import express, { type Express, type Request, type RequestHandler, type Response } from "express";
import {
  type AnonymousUser,
  type ConfirmOptions,
  confirmLogin,
  currentUser,
  freshLoginRequired,
  isFresh,
  LoginManager,
  type LoginManagerOptions,
  type LoginOptions,
  loginRequired,
  loginUser,
  logoutUser,
  pendingUser,
  type SessionStore,
} from "latchkey";
import { type Person, people, SECRET } from "./people.js";

/** The user of a request, and the user whose login is not complete. */
export interface Who {
  user: string | null;
  pending: string | null;
}

/** A site on which Ann must show "otp" before her login counts, and Bob need not. */
export function factorSite(
  options: Partial<LoginManagerOptions<Person>> & { store?: SessionStore } = {},
  mount: (login: LoginManager<Person>, app: Express) => void = (login, app) => login.init(app),
) {
  const { ann, bob, cid, byId, load } = people();
  const factors = new Map([[ann.id, ["otp"]]]);
  const login = new LoginManager<Person>({
    secret: SECRET,
    storeTimeout: "30s",
    userLoader: load,
    requiredMethods: ({ id }) => factors.get(id) ?? [],
    loginView: "/login",
    refreshView: "/password",
    methodView: "/factor",
    ...options,
  });
  const app = express();
  app.set("env", "test");
  mount(login, app);
  app.use(express.json());
  const post = (path: string, act: (req: Request, res: Response) => Promise<unknown>) =>
    app.post(path, (req, res, next) => void act(req, res).then((done) => res.json(done ?? null), next));

  post("/login/:id", (req) => loginUser(req, byId.get(req.params.id as string)!, req.body as LoginOptions));
  post("/confirm", (req) => confirmLogin(req, req.body as ConfirmOptions));
  post("/logout", (req) => logoutUser(req));
  post("/end/:id", (req) => login.sessions.revokeAll(req.params.id as string, { req }));
  app.get("/who", (req, res, next) => void who(req).then((found) => res.json(found), next));
  app.get("/logins/:id", (req, res, next) => {
    login.sessions.list(req.params.id, { req }).then((logins) => res.json(logins), next);
  });
  app.post("/note/:note", (req, res) => {
    req.session.note = req.params.note;
    res.json(null);
  });
  app.get("/note", (req, res) => void res.json(req.session.note ?? null));
  const guarded: Record<string, RequestHandler> = {
    "/me": loginRequired(),
    "/fresh": freshLoginRequired(),
    "/fresh-otp": freshLoginRequired({ methods: ["otp"] }),
    "/recent-otp": freshLoginRequired({ within: "10m", methods: ["otp"] }),
  };
  for (const [path, guard] of Object.entries(guarded)) app.get(path, guard, (_req, res) => void res.json("through"));
  return { app, login, ann, bob, cid, byId, factors };
}

async function who(req: Request): Promise<Who> {
  const user = (await currentUser()) as Person | AnonymousUser;
  const pending = (await pendingUser()) as Person | null;
  expect(await pendingUser(req)).to.equal(pending);
  if (user.isAnonymous) expect(await isFresh(req)).to.equal(false);
  return { user: user.getId(), pending: pending?.id ?? null };
}
