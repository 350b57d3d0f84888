import { expect } from "chai";
import type { SessionStore } from "latchkey";
import { MovingStore } from "latchkey/stores/moving";
import { backendsHere, type Opened } from "../support/backends.js";
import { apiClient, type Browser } from "../support/browser.js";
import { addCrowd } from "../support/people.js";
import { serve } from "../support/server.js";
import { site } from "../support/site.js";
import { isQuick } from "../support/tier.js";
import { WatchedStore } from "../support/watched-store.js";

/** The store of a process, as docs/moving.md deploys one after the other. */
const STEPS: Record<string, (old: SessionStore, now: SessionStore) => SessionStore> = {
  "the old store": (old) => old,
  "both, before the move": (from, to) => new MovingStore({ from, to, moving: false }),
  "both, moving": (from, to) => new MovingStore({ from, to }),
  "the new store": (_, now) => now,
  "both, before the way back": (old, now) => new MovingStore({ from: now, to: old, moving: false }),
  "both, moving back": (old, now) => new MovingStore({ from: now, to: old }),
};

const ORDERS = {
  forward: ["the old store", "both, before the move", "both, moving", "the new store"],
  "forward and back": [
    "the old store",
    "both, before the move",
    "both, moving",
    "both, before the way back",
    "both, moving back",
    "the old store",
  ],
};

const pairs = isQuick
  ? [["memory", "sql on better-sqlite3"]]
  : [
      ["memory", "sql on better-sqlite3"],
      ["redis", "sql on pg"],
      ["sql on pg", "redis"],
    ];

for (const [before, after] of pairs as Array<[string, string]>) {
  const [from] = await backendsHere(before);
  const [to] = await backendsHere(after);
  if (!from || !to) continue;
  describe(`a rolling deployment that moves sessions from ${before} to ${after}`, () => {
    let stores: [Opened, Opened];
    beforeEach(async () => {
      stores = [await from.open(), await to.open()];
    });
    afterEach(() => Promise.all(stores?.map((store) => store.close()) ?? []));

    for (const [direction, order] of Object.entries(ORDERS)) {
      it(`logs nobody out, and every logout is final in all processes: ${direction}`, async () => {
        const [old, now] = [stores[0].store, stores[1].store];
        let users = 3;
        const inside: Browser[] = [];
        const outside: Browser[] = [];
        for (const [index, step] of order.entries()) {
          // In each step, one process already has the next step.
          const both = [STEPS[step]!, STEPS[order[index + 1] ?? step]!].map((open) => siteWith(open(old, now)));
          // The last step but one moves what is left, because the last step has only one store.
          const moving = STEPS[step]!(old, now);
          if (index === order.length - 2) {
            for (let id = 4; id <= users; id++) await (moving as MovingStore).moveByUser(String(id));
          }
          const origins = await Promise.all(both.map(({ app }) => serve(app)));
          for (let login = 0; login < 8; login++) {
            const browser = apiClient(origins[0]!);
            const origin = origins[login % 2];
            await browser.post(`${origin}/login/${++users}`, { json: { remember: login < 4 } });
            await browser.post(`${origin}/note/${users}`);
            if (login === 0) await browser.restart();
            inside.push(browser);
          }
          for (let round = 0; round < 2; round++) {
            const answers = await Promise.all(
              inside.map((browser, i) => browser.get(`${origins[(i + round) % 2]}/me`)),
            );
            expect(answers.map(({ status }) => status)).to.eql(inside.map(() => 200));
            for (const [i, browser] of inside.entries()) {
              const note = (await browser.get(`${origins[i % 2]}/note`)).json<string | null>();
              const { name } = answers[i]!.json<{ name: string }>();
              if (note !== null) expect(name).to.equal(`User ${note}`);
            }
          }
          const [leaving, revoked] = inside.splice(3, 2) as [Browser, Browser];
          const jars = await Promise.all([leaving, revoked].map((browser) => browser.jar.clone()));
          await leaving.post(`${origins[1]}/logout`);
          const { name } = (await revoked.get(`${origins[0]}/me`)).json<{ name: string }>();
          await both[0]!.login.sessions.revokeAll(name.replace("User ", ""));
          for (const jar of jars) outside.push(Object.assign(apiClient(origins[0]!), { jar }));
          const answers = await Promise.all(outside.flatMap((one) => origins.map((origin) => one.get(`${origin}/me`))));
          expect(
            answers.map(({ status }) => status),
            step,
          ).to.eql(answers.map(() => 401));
        }
      });
    }
  });
}

function siteWith(store: SessionStore) {
  const made = site({ store: new WatchedStore(store) });
  addCrowd(made.byId);
  return made;
}
