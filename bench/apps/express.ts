// Variants with Express, without routing-controllers.
import { createHmac, randomBytes, timingSafeEqual } from "node:crypto";
import express, { type Express, type Request, type RequestHandler } from "express";
import { LoginManager, loginRequired, loginUser, logoutUser } from "latchkey";
import { openStore } from "latchkey/stores";
import passport from "passport";
import { type Given, type Person, people, SECRET, type Variant } from "../harness/app.js";
import { expressSession } from "./express-session.js";

declare module "express-session" {
  interface SessionData {
    userId?: string;
  }
}

/** Express alone. Every other variant includes this cost. */
export const bare: Variant = ({ count }) => {
  const ann = people(count).another();
  const app = application();
  app.get("/login", (_req, res) => void res.send("in"));
  app.get("/me", (_req, res) => void res.json({ email: ann.email }));
  return app;
};

/** The minimum that one can write by hand: a signed cookie, and the user's id in a Map or in Redis. */
export const byHand: Variant = async ({ count, place, url }) => {
  const { another, load } = people(count);
  const userIds: UserIds = place === "redis" ? await idsInRedis(url) : new Map<string, string>();
  const sign = (id: string) => createHmac("sha256", SECRET).update(id).digest("base64url");
  const userIdOf = ({ headers }: Request) => {
    const [, id, signature] = /(?:^|; )sid=([\w-]+)\.([\w-]+)/.exec(headers.cookie ?? "") ?? [];
    if (!id || !signature) return undefined;
    const [given, expected] = [Buffer.from(signature), Buffer.from(sign(id))];
    return given.length === expected.length && timingSafeEqual(given, expected) ? userIds.get(id) : undefined;
  };
  const app = application();
  app.get("/login", async (_req, res) => {
    const id = randomBytes(24).toString("base64url");
    await userIds.set(id, another().id);
    res.cookie("sid", `${id}.${sign(id)}`, { httpOnly: true, sameSite: "lax" });
    res.send("in");
  });
  app.get("/me", async (req, res) => {
    const userId = await userIdOf(req);
    const user = userId && load(userId);
    if (!user) return void res.sendStatus(401);
    res.json({ email: user.email });
  });
  return app;
};

/** The user ids by session id. */
interface UserIds {
  get(id: string): Promise<string | null> | string | undefined;
  set(id: string, userId: string): unknown;
}

async function idsInRedis(url: string): Promise<UserIds> {
  const { createClient } = await import("redis");
  const client = await createClient({ url }).connect();
  return { get: (id) => client.get(`by-hand:${id}`), set: (id, userId) => client.set(`by-hand:${id}`, userId) };
}

/** express-session with the user's id in the session. */
export const session: Variant = async (given) => {
  const { another, load } = people(given.count);
  const sessions = await expressSession(given);
  const app = application((app) => app.use(sessions));
  app.get("/login", (req, res) => {
    req.session.userId = another().id;
    res.send("in");
  });
  app.get("/me", (req, res) => {
    const user = req.session.userId === undefined ? undefined : load(req.session.userId);
    if (!user) return void res.sendStatus(401);
    res.json({ email: user.email });
  });
  app.get("/logout", (req, res, next) => req.session.destroy((error) => (error ? next(error) : res.send("out"))));
  return app;
};

const TWO_WEEKS = 14 * 24 * 60 * 60 * 1000;

/** Passport with express-session. */
export const passportSession: Variant = async (given) => passportOver(await expressSession(given), given);

/** The same with a cookie that has a lifetime, as most sites have it. */
export const passportMaxAge: Variant = async (given) => passportOver(await expressSession(given, TWO_WEEKS), given);

function passportOver(sessions: RequestHandler, given: Given): Express {
  const { app, another } = passportApplication(sessions, given);
  app.get("/login", (req, res, next) => req.login(another(), (error) => (error ? next(error) : res.send("in"))));
  app.get(
    "/me",
    (req, res, next) => (req.isAuthenticated() ? next() : void res.sendStatus(401)),
    (req, res) => void res.json({ email: (req.user as Person).email }),
  );
  app.get("/logout", (req, res, next) => req.logout((error) => (error ? next(error) : res.send("out"))));
  return app;
}

/** latchkey with its own sessions. */
export const latchkey: Variant = async (given) => {
  const store = given.watch(await openStore(given.url));
  const { another, load } = people(given.count);
  const login = new LoginManager({ secret: SECRET, store, userLoader: load });
  const app = application((app) => login.init(app));
  return guarded(app, another);
};

/** latchkey with the application's express-session. */
export const latchkeyOverSession: Variant = async (given) => {
  const { another, load } = people(given.count);
  const login = new LoginManager({ secret: SECRET, userLoader: load });
  const sessions = await expressSession(given);
  const app = application((app) => app.use(sessions, login.middleware()));
  return guarded(app, another);
};

/**
 * Creates an Express application that does not log errors or send X-Powered-By, and mounts the variant's middleware on
 * it. Express tries routes in order, so each variant adds `/login` and the measured `/me` before its other routes.
 */
export function application(mount: (app: Express) => void = () => {}): Express {
  const app = express();
  app.set("env", "test");
  app.disable("x-powered-by");
  mount(app);
  app.get("/public", (_req, res) => void res.json({ email: "nobody" }));
  return app;
}

/** Creates an application with Passport, and the people to log in. */
export function passportApplication(
  sessions: RequestHandler,
  { count }: Given,
): { app: Express; another: () => Person } {
  const { another, load } = people(count);
  passport.serializeUser((user, done) => done(null, (user as Person).id));
  passport.deserializeUser((id: string, done) => done(null, load(id) ?? false));
  return { app: application((app) => app.use(sessions, passport.session())), another };
}

function guarded(app: Express, another: () => Person): Express {
  app.get("/login", async (req, res) => {
    await loginUser(req, another());
    res.send("in");
  });
  app.get("/me", loginRequired(), (req, res) => void res.json({ email: (req.user as Person).email }));
  app.get("/remember", async (req, res) => {
    await loginUser(req, another(), { remember: true });
    res.send("in");
  });
  app.get("/logout", async (req, res) => {
    await logoutUser(req);
    res.send("out");
  });
  return app;
}
