import { json, type RequestHandler } from "express";
import { type LoginEventName, type LoginInfo, loginRequired, refreshStamp, type SessionStore } from "latchkey";
import { Browser } from "./browser.js";
import type { Person } from "./people.js";
import { serve } from "./server.js";
import { site } from "./site.js";
import { WatchedStore } from "./watched-store.js";

type Options = Omit<NonNullable<Parameters<typeof site>[0]>, "store"> & { store?: SessionStore };

/**
 * A site where users list, rename and end their own logins, and change their passwords. The store also holds its remembered
 * browsers. `told` lists the emitted events: the name, the reason and the number of logins.
 */
export async function accountSite({ store: inner, ...options }: Options = {}) {
  const store = inner instanceof WatchedStore ? inner : new WatchedStore(inner);
  const at = site({ ...options, store });
  const { app, login } = at;
  const handled =
    (handle: (...args: Parameters<RequestHandler>) => Promise<unknown>): RequestHandler =>
    (req, res, next) =>
      void handle(req, res, next).then((value) => res.json(value), next);
  const me = (req: Parameters<RequestHandler>[0]) => req.user as Person;
  app.get(
    "/sessions",
    loginRequired(),
    handled((req) => login.sessions.list(me(req))),
  );
  app.post(
    "/revoke/:id",
    loginRequired(),
    handled((req) => login.sessions.revoke(me(req), req.params.id as string)),
  );
  app.post(
    "/rename/:id",
    loginRequired(),
    json(),
    handled((req) => login.sessions.rename(me(req), req.params.id as string, (req.body as { label: string }).label)),
  );
  app.post(
    "/revoke-all",
    loginRequired(),
    handled((req) => login.sessions.revokeAll(me(req), { exceptCurrent: req.query.except === "current" })),
  );
  app.post(
    "/password",
    loginRequired(),
    handled(async (req) => {
      me(req).stamp += "x";
      await refreshStamp(req);
      return "changed";
    }),
  );
  const told: string[] = [];
  const tell = (name: LoginEventName) =>
    void login.on(name, (details) => {
      const { reason, logins } = details as { reason?: string; logins?: string[] };
      told.push([name, reason, logins?.length].filter((part) => part !== undefined).join(" "));
    });
  for (const name of [
    "loggedIn",
    "loggedOut",
    "loginEnded",
    "loginsRevoked",
    "loginRefused",
    "stampRefreshed",
  ] as const)
    tell(name);
  const origin = await serve(app);
  return { ...at, store, origin, told };
}

/** Browsers in which one user logs in, one browser after the other. */
export async function browsersOf(origin: string, count: number, json: object = {}, id = "1"): Promise<Browser[]> {
  const browsers = Array.from({ length: count }, () => new Browser(origin, { accept: "application/json" }));
  for (const browser of browsers) await browser.post(`/login/${id}`, { json });
  return browsers;
}

/** The status of a guarded page in each browser. */
export async function statuses(browsers: Browser[]): Promise<number[]> {
  return Promise.all(browsers.map(async (browser) => (await browser.get("/me")).status));
}

/** The id of a browser's login. */
export async function idOf(browser: Browser): Promise<string> {
  return (await shown(browser)).find(({ current }) => current)!.id;
}

/** The list of logins that the site sends to a browser. */
export async function shown(browser: Browser): Promise<LoginInfo[]> {
  return (await browser.get("/sessions")).json<LoginInfo[]>();
}
