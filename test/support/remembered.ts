import type { LoginEvents } from "latchkey";
import type { Opened } from "./backends.js";
import { Person } from "./people.js";
import { only, type RawAnswer, send } from "./raw-client.js";
import { storedBrowsers, storedSessions } from "./records.js";
import { serve } from "./server.js";
import { site } from "./site.js";
import { WatchedStore } from "./watched-store.js";

/** The backends of the tests of remembered browsers. */
export const REMEMBERING = ["memory", "redis", "postgres", "sqlite", "sql on pg", "sql on better-sqlite3"] as const;

/** Grace period: how long a replaced token still works, in milliseconds. */
export const GRACE = 60_000;

let people = 10_000;

/** An event about a replaced token that was used again. */
export interface Told extends Omit<LoginEvents["rememberTokenStale"], "req"> {
  event: "stale" | "stolen";
}

/** Sites that remember browsers in the same store, like separate servers, and their events about misused tokens. */
export async function rememberingSites(opened: Pick<Opened, "store">, ...options: Array<Parameters<typeof site>[0]>) {
  const told: Told[] = [];
  const revoked: Array<LoginEvents["loginsRevoked"]> = [];
  const sites = await Promise.all(
    (options.length > 0 ? options : [{}]).map(async (given) => {
      const store = new WatchedStore(opened.store);
      const at = site({ storeTimeout: "30s", ...given, store });
      at.app.set("trust proxy", true);
      at.login
        .on("rememberTokenStale", ({ req: _, ...details }) => told.push({ event: "stale", ...details }))
        .on("rememberTokenStolen", ({ req: _, ...details }) => told.push({ event: "stolen", ...details }))
        .on("loginsRevoked", (details) => revoked.push(details));
      return { ...at, origin: await serve(at.app) };
    }),
  );
  const [first] = sites as [(typeof sites)[number], ...typeof sites];
  const { origin } = first;
  return {
    ...first,
    sites,
    told,
    revoked,
    /** A new user, whom no other trial uses. */
    newPerson() {
      const id = String(people++);
      const person = new Person(id, `User ${id}`);
      for (const { byId } of sites) byId.set(id, person);
      return person;
    },
    /** Logs in, and returns both cookies, each as a `Cookie` header. */
    async logIn({ id }: Pick<Person, "id">, given: object = { remember: true }, headers = {}) {
      const { cookie } = await send(origin, `POST /login/${id}`, { json: given, headers });
      return { sid: only("sid", cookie), remember: only("remember", cookie) };
    },
    me: (cookie: string, headers = {}) => send(origin, "GET /me", { cookie, headers }),
    isIn: async (cookie: string) => (await send(origin, "GET /me", { cookie })).status === 200,
    /** The records of a user's remembered browsers. Reads them directly, even if the store of the site fails. */
    recordsOf: ({ id }: Person) => storedBrowsers(opened.store, id),
    /** The sessions of a user, including those of pending logins. */
    sessionsOf: ({ id }: Person) => storedSessions(opened.store, id),
  };
}

/** The remember cookie that a response sets, as a `Cookie` header, or undefined. */
export function rememberIn({ cookie }: RawAnswer): string | undefined {
  return only("remember", cookie);
}

/** Sends a request with the session of a response. The site then knows that the browser received the response. */
export async function comeBack(origin: string, { cookie }: RawAnswer): Promise<void> {
  await send(origin, "POST /note/back", { cookie: only("sid", cookie) });
}

/** Does this response remove the remember cookie? */
export function forgets({ headers }: RawAnswer): boolean {
  return (headers["set-cookie"] ?? []).some((one) => /^remember=;.*Expires=Thu, 01 Jan 1970/.test(one));
}

/** The cookies of a browser after it received these responses in this order. */
export function taking(before: Record<string, string>, answers: readonly RawAnswer[]): Record<string, string> {
  const jar = { ...before };
  for (const { cookie } of answers) {
    for (const pair of cookie.split("; ").filter(Boolean)) jar[pair.slice(0, pair.indexOf("="))] = pair;
  }
  return jar;
}

/** A `Cookie` header of a browser's cookies. */
export function header(jar: Record<string, string>): string {
  return Object.values(jar).join("; ");
}

/** A random part of these items, about `share` of them, in random order. */
export function some<T>(of: readonly T[], share: number): T[] {
  const kept = of.filter(() => Math.random() < share);
  for (let i = kept.length - 1; i > 0; i--) {
    const j = Math.floor(Math.random() * (i + 1));
    [kept[i], kept[j]] = [kept[j]!, kept[i]!];
  }
  return kept;
}
