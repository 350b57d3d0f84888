import { loginUser, type SessionStore } from "latchkey";
import { accountSite } from "./account-site.js";
import { Gate } from "./barrier.js";
import type { Person } from "./people.js";
import { type RawAnswer, send } from "./raw-client.js";
import { WatchedStore } from "./watched-store.js";

type Site = Awaited<ReturnType<typeof accountSite>>;

/** Two sites with the same users on one store, like two processes. Additional routes end or rename the logins of any user. */
export async function twoSites(stores: [SessionStore, SessionStore], options: Parameters<typeof accountSite>[0] = {}) {
  const sites: Site[] = [];
  for (const inner of stores) {
    const store = new WatchedStore(inner);
    const at = await accountSite({ storeTimeout: "30s", ...options, store });
    sites[0]?.byId.forEach((person, id) => void at.byId.set(id, person));
    const { app, byId, login } = at;
    app.post("/end/:user", async (req, res) => void res.json(await login.sessions.revokeAll(req.params.user)));
    app.post("/end/:user/:id", async (req, res) => {
      res.json(await login.sessions.revoke(req.params.user, req.params.id));
    });
    app.post("/name/:user/:id/:label", async (req, res) => {
      res.json(await login.sessions.rename(req.params.user, req.params.id, req.params.label));
    });
    app.post("/reset/:user", async (req, res) => {
      byId.get(req.params.user)!.stamp += "x";
      res.json(await login.sessions.revokeAll(req.params.user));
    });
    // Simulates a login whose password was checked just before the password changed.
    app.post("/enter/:user/:stamp", async (req, res, next) => {
      const user = Object.assign(
        Object.create(Object.getPrototypeOf(byId.get("1"))),
        byId.get(req.params.user),
      ) as Person;
      user.stamp = req.params.stamp;
      await loginUser(req, user, { remember: true }).then(() => res.send("in"), next);
    });
    sites.push(at);
  }
  return sites as [Site, Site];
}

/** A request line, and the cookies and the JSON body of the request. */
export interface Line {
  line: string;
  cookie?: string;
  json?: unknown;
  headers?: Record<string, string>;
}

/**
 * Sends a request that stops before its `at`th call to the store, counted from 1, until the other site has responded to
 * a second request.
 *
 * @param given.behind the number of store calls that the second request has completed when the first request starts
 * @returns the two responses, or null if the first request makes fewer than `at` calls
 */
export async function interleaved(
  [here, there]: [Site, Site],
  [first, second]: readonly [Line, Line],
  { at, behind = 0 }: { at: number; behind?: number },
): Promise<[RawAnswer, RawAnswer] | null> {
  const [gate, begun] = [stopAt(here, at), stopAt(there, behind + 1)];
  const going = behind > 0 ? send(there.origin, second.line, second) : null;
  if (going) await Promise.race([begun.arrived(), going]);
  const stopping = send(here.origin, first.line, first);
  const stopped = await Promise.race([gate.arrived().then(() => true), stopping.then(() => false)]);
  begun.open();
  const other = await (going ?? (stopped ? send(there.origin, second.line, second) : null));
  gate.open();
  const answer = await stopping;
  for (const { store } of [here, there]) store.before = () => undefined;
  return stopped && other ? [answer, other] : null;
}

/** A gate before a site's `at`th call to the store. */
function stopAt({ store }: Site, at: number): Gate {
  const gate = new Gate();
  let calls = 0;
  store.before = () => (++calls === at ? gate.pass() : undefined);
  return gate;
}

/**
 * The cookies that log a user in. Each header is tried as a whole, and then each of its cookies alone. The whole header
 * comes first, because a remember cookie alone ends the session that belongs to it.
 */
export async function usable(origin: string, given: string[]): Promise<string[]> {
  const cookies = new Set(given.filter(Boolean).flatMap((cookie) => [cookie, ...cookie.split("; ")]));
  const accepted: string[] = [];
  for (const cookie of cookies) if ((await send(origin, "GET /me", { cookie })).status === 200) accepted.push(cookie);
  return accepted;
}
