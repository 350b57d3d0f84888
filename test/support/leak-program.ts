import type { SessionStore } from "latchkey";
import { openStore } from "latchkey/stores";
import sinon from "sinon";
import { countTrials, only, send } from "./raw-client.js";
import { storedSessions } from "./records.js";
import { mochaHooks, serve } from "./server.js";
import { site } from "./site.js";
import { WatchedStore } from "./watched-store.js";

/** The resources of the process after an hour of visits, when all records have expired. */
export interface Checkpoint {
  heap: number;
  /** The active resources of the event loop: the number of each kind. */
  handles: Record<string, number>;
  /** The number of records that the store still pruned or listed. */
  left: number;
  requests: number;
}

const MINUTE = 60_000;
const VISITS_A_MINUTE = 10;
const clock = sinon.useFakeTimers({ now: Date.now(), toFake: ["Date", "setInterval", "clearInterval"] });

const [url, hours, leaks] = process.argv.slice(2) as [string, string, string?];
const store = await openStore(url);
const watched = new WatchedStore(store);
const kept: unknown[] = [];
const options = {
  store: watched,
  idleTimeout: "10m",
  absoluteTimeout: "30m",
  remember: { duration: "40m" },
} as const;
const { app } = site(options, (login, app) => {
  login.init(app);
  if (leaks) app.use((req, _res, next) => next(void kept.push(req.session)));
});
const origin = await serve(app);
let requests = 0;

const ask = (line: string, cookie?: string, json?: object) => {
  requests++;
  return send(origin, line, { ...(cookie ? { cookie } : {}), ...(json ? { json } : {}) });
};

/**
 * One visit. The visitor logs out, stays away, comes back with a remember cookie or never logs in, depending on `n`.
 */
async function visit(n: number): Promise<boolean> {
  const cart = (await ask("POST /note/cart")).cookie;
  if (n % 5 === 0) return (await ask("GET /me", cart)).status === 401;
  const remember = n % 2 === 0;
  const { cookie } = await ask(`POST /login/${1 + (n % 2)}`, cart, { remember });
  const read = await ask("GET /me", cookie);
  await ask(`POST /note/${n}`, cookie);
  if (n % 3 === 0) return read.status === 200 && (await ask("POST /logout", cookie)).status === 200;
  const confirmed = (await ask("POST /confirm", cookie)).cookie;
  if (!remember) return (await ask("GET /me", confirmed)).status === 200;
  return (await ask("GET /me", only("remember", cookie))).status === 200;
}

/** Simulates an hour of visits, and the hours in which all sessions and remembered browsers expire. */
async function hour(): Promise<Checkpoint> {
  for (let minute = 0; minute < 60; minute++) {
    const right = await countTrials(VISITS_A_MINUTE, visit, 8);
    if (right !== VISITS_A_MINUTE) throw new Error(`${VISITS_A_MINUTE - right} visits failed`);
    await clock.tickAsync(MINUTE);
  }
  await clock.tickAsync(180 * MINUTE);
  watched.calls = [];
  return checkpoint(store);
}

async function checkpoint(store: SessionStore): Promise<Checkpoint> {
  const users = await Promise.all(["1", "2"].map((id) => storedSessions(store, id)));
  const left = (await store.prune()) + users.flat().length;
  for (let n = 0; n < 5; n++) {
    await new Promise((resolve) => setImmediate(resolve));
    gc!();
  }
  const handles: Record<string, number> = {};
  for (const kind of process.getActiveResourcesInfo()) handles[kind] = (handles[kind] ?? 0) + 1;
  return { heap: process.memoryUsage().heapUsed, handles, left, requests };
}

const checkpoints: Checkpoint[] = [];
for (let n = 0; n < Number(hours); n++) checkpoints.push(await hour());
console.log(JSON.stringify(checkpoints));
await mochaHooks.afterEach();
await store.close();
