import express, { type ErrorRequestHandler, type Express } from "express";
import {
  type AnonymousUser,
  confirmLogin,
  currentUser,
  freshLoginRequired,
  isFresh,
  isRemembered,
  type LoginEventName,
  type LoginEvents,
  LoginManager,
  type LoginManagerOptions,
  type LoginOptions,
  loginRequired,
  loginUser,
  logoutUser,
  safeNext,
  takeFlashes,
  type UserLoader,
} from "latchkey";
import { type Answer, Browser } from "../support/browser.js";
import { type Person, people, SECRET } from "../support/people.js";
import { serve } from "../support/server.js";

/** The user of a request, and the kind of login. */
export interface Who {
  name: string;
  authenticated: boolean;
  fresh: boolean;
  remembered: boolean;
}

export const NOBODY: Who = { name: "nobody", authenticated: false, fresh: false, remembered: false };

/** A browser with a method for each route of the site. */
export class Visitor extends Browser {
  /** Logs in Ann, Bob or Cid. */
  login(name: "ann" | "bob" | "cid", options: LoginOptions = {}): Promise<Answer> {
    return this.post(`/login/${name}`, { json: options });
  }

  logout(): Promise<Answer> {
    return this.post("/logout");
  }

  confirm(): Promise<Answer> {
    return this.post("/confirm");
  }

  async who(headers: Record<string, string> = {}): Promise<Who> {
    return (await this.get("/who", { headers })).json();
  }
}

type SiteOptions = Partial<Omit<LoginManagerOptions<Person>, "userLoader">> & {
  /** Null for no user loader. */
  userLoader?: UserLoader<Person> | null;
};

/** A small site with logins, and a visitor of the site. */
export async function site(options: SiteOptions = {}, addRoutes: (app: Express) => void = () => {}) {
  const everybody = people();
  const { userLoader = everybody.load, ...rest } = options;
  const login = new LoginManager<Person>({ secret: SECRET, ...rest, ...(userLoader ? { userLoader } : {}) });
  const app = express();
  login.init(app);
  app.use(express.json());
  addRoutes(app);
  addSiteRoutes(app, login, everybody);
  const origin = await serve(app);
  return { ...everybody, login, origin, visitor: new Visitor(origin) };
}

/** The details of an event, for each time that the event is emitted. */
export function hear<N extends LoginEventName>(login: LoginManager<Person>, name: N): Array<LoginEvents<Person>[N]> {
  const heard: Array<LoginEvents<Person>[N]> = [];
  login.on(name, (details) => heard.push(details));
  return heard;
}

function addSiteRoutes(app: Express, login: LoginManager<Person>, { ann, bob, cid }: ReturnType<typeof people>): void {
  app.get("/", (_req, res) => void res.send("welcome"));
  app.get("/who", async (req, res) => void res.json(await whoIs(req)));
  app.post("/login/:name", async (req, res) => {
    const user = { ann, bob, cid }[req.params.name as "ann" | "bob" | "cid"];
    const loggedIn = await loginUser(req, user, req.body as LoginOptions);
    res.json({ loggedIn, ...(await whoIs(req)) });
  });
  app.post("/logout", async (req, res) => {
    await logoutUser(req);
    res.json(await whoIs(req));
  });
  app.post("/confirm", async (req, res) => {
    await confirmLogin(req);
    res.json(await whoIs(req));
  });
  app.all("/guarded", loginRequired(), (_req, res) => void res.send("let through"));
  app.all("/fresh", freshLoginRequired(), (_req, res) => void res.send("let through"));
  app.get("/unauthorized", (req) => login.unauthorized(req));
  app.get("/needs-refresh", (req) => login.needsRefresh(req));
  app.get("/flashes", (req, res) => void res.json(takeFlashes(req)));
  app.get("/next", (req, res) => void res.send(safeNext(req, "/fallback")));
  app.use(((error, _req, res, _next) => {
    res.status(error.status ?? 500).json({ code: error.code, message: error.message });
  }) satisfies ErrorRequestHandler);
}

async function whoIs(req: express.Request): Promise<Who> {
  const user = (await currentUser(req)) as Person | AnonymousUser;
  return {
    name: "name" in user ? user.name : "nobody",
    authenticated: user.isAuthenticated,
    fresh: await isFresh(req),
    remembered: await isRemembered(req),
  };
}
