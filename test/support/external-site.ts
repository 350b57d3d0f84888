import express, { type ErrorRequestHandler } from "express";
import type { ExternalIds, LatchkeyError } from "latchkey";
import { externalLogins } from "latchkey/external-logins";
import { accountSite } from "./account-site.js";
import { type RawAnswer, send } from "./raw-client.js";

/** The identity provider of the tests. */
export const ISSUER = "https://provider.example";

/** The `external` of a login of one of the provider's users, in one of the provider's sessions. */
export const external = (sub: string, sid?: string, issuer = ISSUER) => ({ issuer, sub, ...(sid && { sid }) });

type Site = Awaited<ReturnType<typeof accountSite>>;

/** Adds a route that ends the logins of a provider, and one that confirms a login with options. */
export function addExternalRoutes({ app, login }: Pick<Site, "app" | "login">): void {
  app.post("/end-external", express.json(), async (req, res, next) => {
    const { issuer = ISSUER, ids } = req.body as { issuer?: string; ids: ExternalIds };
    await login.sessions.revokeExternal(issuer, ids).then((count) => res.json(count), next);
  });
  app.post("/confirm-with", express.json(), async (req, res, next) => {
    await login.confirmLogin(req, req.body as object).then(() => res.send("confirmed"), next);
  });
  app.use(((error: LatchkeyError, _req, res, _next) => {
    res.status(error.status).json({ code: error.code, message: error.message });
  }) as ErrorRequestHandler);
}

/** A site whose users log in at an identity provider. */
export async function externalSite(options: Parameters<typeof accountSite>[0] = {}) {
  const at = await accountSite({ externalLogins: externalLogins(), ...options });
  addExternalRoutes(at);
  const { origin } = at;
  /** Logs a user in, and returns the browser's cookies. */
  const enter = async (given: ReturnType<typeof external>, { user = "1", ...json }: Entering = {}) =>
    (await send(origin, `POST /login/${user}`, { json: { ...json, external: given } })).cookie;
  const end = (ids: ExternalIds, issuer = ISSUER): Promise<RawAnswer> =>
    send(origin, "POST /end-external", { json: { issuer, ids } });
  const isIn = async (cookie: string) => (await send(origin, "GET /me", { cookie })).status === 200;
  return { ...at, enter, end, isIn };
}

interface Entering {
  user?: string;
  remember?: boolean;
  duration?: string;
}
