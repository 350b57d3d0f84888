import type { Request, RequestHandler } from "express";
import { currentUser, isFresh, type LoginEventName } from "latchkey";
import { externalLogins } from "latchkey/external-logins";
import { impersonate, impersonator, notImpersonated, stopImpersonating } from "latchkey/impersonation";
import { accountSite } from "./account-site.js";
import { Browser } from "./browser.js";
import type { Person } from "./people.js";

/** The user of a request, and the administrator who acts as the user, as `/who` sends them. */
export interface Who {
  user: string | null;
  impersonator: string | null;
  fresh: boolean;
  note: string | null;
}

/**
 * A site where every user may act as any other user. `ended` lists what the events say about impersonations, and about
 * the users who logged in and out.
 */
export async function impersonationSite(options: Parameters<typeof accountSite>[0] = {}) {
  const at = await accountSite({ externalLogins: externalLogins(), ...options });
  const { app, byId, login } = at;
  const json =
    (handle: (req: Request) => Promise<unknown>): RequestHandler =>
    (req, res, next) =>
      void handle(req).then((value) => res.json(value ?? null), next);
  app.post(
    "/as/:id",
    json((req) => impersonate(req, byId.get(req.params.id as string)!)),
  );
  app.post("/stop", json(stopImpersonating));
  app.get("/who", json(who));
  app.get("/own", notImpersonated(), json(who));
  app.post("/revoke-login/:user/:id", (req, res, next) => {
    login.sessions.revoke(req.params.user, req.params.id).then((ended) => res.json(ended), next);
  });
  app.post("/revoke-logins/:user", (req, res, next) => {
    login.sessions.revokeAll(req.params.user).then((ended) => res.json(ended), next);
  });
  app.post("/stamp/:user", (req, res) => {
    byId.get(req.params.user)!.stamp += "x";
    res.json(true);
  });
  const ended: string[] = [];
  const tell = (name: LoginEventName, say: (details: never) => string) =>
    void login.on(name, (details) => ended.push(say(details as never)));
  tell("impersonationStarted", ({ user, impersonator }: { user: Person; impersonator: Person }) => {
    return `${impersonator.name} acts as ${user.name}`;
  });
  tell("impersonationEnded", ({ userId, impersonatorId, reason }: Record<string, string>) => {
    return `${impersonatorId} no longer acts as ${userId}: ${reason}`;
  });
  tell("loggedIn", ({ user }: { user: Person }) => `${user.name} logged in`);
  tell("loggedOut", ({ userId, user }: { userId: string; user?: Person }) => {
    return `${userId} logged out: ${user?.name}`;
  });
  return { ...at, ended };
}

async function who(req: Request): Promise<Who> {
  const user = (await currentUser(req)) as Person;
  const actor = (await impersonator(req)) as Person | null;
  const fresh = await isFresh(req);
  return { user: user.name ?? null, impersonator: actor?.name ?? null, fresh, note: req.session.note ?? null };
}

/** Sends a request of this browser to `/who`. */
export async function whoIn(browser: Browser): Promise<Who> {
  return (await browser.get("/who")).json<Who>();
}

/** A browser in which Ann, the administrator, is logged in, with a note in the session. */
export async function annAt(origin: string, json: object = {}): Promise<Browser> {
  const browser = new Browser(origin, { accept: "application/json" });
  await browser.post("/login/1", { json });
  await browser.post("/note/annsnote");
  return browser;
}
