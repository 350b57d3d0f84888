import { expect } from "chai";
import { DataSource } from "typeorm";
import { afterTest } from "../support/after-test.js";
import { backendsHere } from "../support/backends.js";
import { openedStore } from "../support/opened-store.js";
import { addCrowd } from "../support/people.js";
import { places, startSite } from "../support/processes.js";
import { send } from "../support/raw-client.js";
import { serve } from "../support/server.js";
import { site } from "../support/site.js";
import { trials } from "../support/trials.js";
import { WatchedStore } from "../support/watched-store.js";

const ROUNDS = trials(200, 3);
const USERS = 8;
const here = await backendsHere("sqlite", "postgres");

/** A random number generator (mulberry32). It returns numbers from 0 to 1, the same ones for the same seed. */
function numbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Repeats login, confirmation, login and logout until the server stops. Collects every cookie that the server sets. */
async function comeAndGo(origin: string, id: string, cookies: string[], answered: () => void): Promise<void> {
  const lines = [`POST /login/${id}`, "POST /confirm", `POST /login/${id}`, "POST /logout"];
  for (let cookie = "", n = 0; ; n++) {
    const line = lines[n % lines.length]!;
    const answer = await send(origin, line, { cookie }).catch(() => null);
    if (!answer) return;
    expect(answer.status, line).to.equal(200);
    cookie = answer.cookie;
    if (cookie) cookies.push(cookie);
    answered();
  }
}

/** Opens the store in a new site. Returns each user's number of sessions, the accepted cookies and the last cookie. */
async function look(url: string, cookies: Map<string, string[]>) {
  const store = await openedStore(url);
  const watched = new WatchedStore(store);
  const { app, byId } = site({ store: watched });
  addCrowd(byId);
  const origin = await serve(app);
  const seen: Array<{ live: number; accepted: string[]; last: string | undefined }> = [];
  for (const [id, given] of cookies) {
    const accepted: string[] = [];
    for (const cookie of given) if ((await send(origin, "GET /me", { cookie })).status === 200) accepted.push(cookie);
    seen.push({ live: await watched.countOf(id), accepted, last: given.at(-1) });
  }
  await store.close();
  return seen;
}

describe("a process that is killed while it writes", () => {
  for (const { name } of here) {
    const seed = Number(process.env.KILL_SEED ?? Math.floor(Math.random() * 2 ** 31));

    it(`on ${name}, the store opens again and accepts at most the last cookie (${ROUNDS} kills, KILL_SEED=${seed})`, async () => {
      const random = numbers(seed);
      const place = await places[name]!();
      afterTest(place.remove);
      const lives: number[] = [];
      for (let round = 0; round < ROUNDS; round++) {
        const { origin, kill } = await startSite(place.url);
        const cookies = new Map<string, string[]>();
        let left = 1 + Math.floor(random() * 60);
        const delay = random() * 4;
        await new Promise<void>((resolve, reject) => {
          const answered = () => {
            if (--left === 0) setTimeout(() => kill().then(resolve, reject), delay);
          };
          for (let n = 0; n < USERS; n++) {
            const id = String(10 + round * USERS + n);
            cookies.set(id, []);
            comeAndGo(origin, id, cookies.get(id)!, answered).catch(reject);
          }
        });
        if (name === "sqlite") expect(await integrity(place.url)).to.eql("ok");
        for (const { live, accepted, last } of await look(place.url, cookies)) {
          // If the process is killed while it moves a login, the old and the new session are both stored.
          // No browser has the id of the new one.
          expect(live, "sessions of one login").to.be.at.most(2);
          expect(accepted.length, "accepted cookies").to.be.at.most(1);
          expect(
            accepted.filter((cookie) => cookie !== last),
            "replaced cookies that are accepted",
          ).to.eql([]);
          lives.push(accepted.length);
        }
      }
      expect([...new Set(lives)].sort(), "some users are logged in, and some are not").to.eql([0, 1]);
    });
  }
});

async function integrity(url: string): Promise<string> {
  const dataSource = new DataSource({ type: "better-sqlite3", database: url.slice("sqlite:".length) });
  await dataSource.initialize();
  const [{ integrity_check }] = await dataSource.query("PRAGMA integrity_check");
  await dataSource.destroy();
  return integrity_check;
}
