import express, { type Express, type Request, type RequestHandler, type Response } from "express";
import {
  confirmLogin,
  currentUser,
  isFresh,
  isRemembered,
  LoginManager,
  type LoginManagerOptions,
  type LoginOptions,
  loginRequired,
  loginUser,
  logoutUser,
} from "latchkey";
import { type Person, people, SECRET } from "./people.js";
import { WatchedStore } from "./watched-store.js";

/** The default storeTimeout of the tests. It is long because a real store may be slow on a busy machine. */
const PATIENT = "30s";

/** The JSON that `/me` sends. */
export interface Me {
  name: string;
  fresh: boolean;
  remembered: boolean;
}

/** A site with three users and a route for each function of latchkey. Express does not print its errors. */
export function site(
  options: Partial<Omit<LoginManagerOptions<Person>, "store">> & { store?: WatchedStore } = {},
  mount: (login: LoginManager<Person>, app: Express) => void = (login, app) => login.init(app),
  make: () => Express = express,
) {
  const { ann, bob, cid, byId, load } = people();
  const store = options.store ?? new WatchedStore();
  const login = new LoginManager<Person>({
    secret: SECRET,
    store,
    storeTimeout: PATIENT,
    userLoader: load,
    ...options,
  });
  const app = make();
  app.set("env", "test");
  mount(login, app);

  app.post(
    "/login/:id",
    express.json(),
    route(async (req, res) => {
      res.json(await loginUser(req, byId.get(req.params.id as string)!, req.body as LoginOptions));
    }),
  );
  app.post(
    "/logout",
    route(async (req, res) => {
      await logoutUser(req);
      res.send("bye");
    }),
  );
  app.post(
    "/confirm",
    route(async (req, res) => {
      await confirmLogin(req);
      res.send("confirmed");
    }),
  );
  app.get(
    "/me",
    loginRequired(),
    route(async (req, res) => {
      const { name } = (await currentUser()) as Person;
      res.json({ name, fresh: await isFresh(req), remembered: await isRemembered(req) } satisfies Me);
    }),
  );
  app.get("/public", (_req, res) => void res.send("hello"));
  app.get("/note", (req, res) => void res.json(req.session.note ?? null));
  app.post("/note/:note", (req, res) => {
    req.session.note = req.params.note;
    res.send("noted");
  });
  app.post("/keep/:key/:value", (req, res) => {
    (req.session as unknown as Record<string, unknown>)[req.params.key] = req.params.value;
    res.send("kept");
  });
  app.get("/kept", (req, res) => void res.json(req.session));
  return { app, login, store, ann, bob, cid, byId };
}

/** Passes rejections to `next`, because Express 4 ignores the promise of a handler. */
function route(handle: (req: Request, res: Response) => Promise<void>): RequestHandler {
  return (req, res, next) => {
    handle(req, res).catch(next);
  };
}

declare module "express-session" {
  interface SessionData {
    note?: string;
    count?: number;
  }
}
