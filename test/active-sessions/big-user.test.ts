import { expect } from "chai";
import type { LoginEvents, SessionStore, StoredRecord } from "latchkey";
import pg from "pg";
import { accountSite } from "../support/account-site.js";
import { backendsHere } from "../support/backends.js";
import { type CountingProxy, startCountingProxy } from "../support/counting-proxy.js";
import { longestTurn } from "../support/longest-turn.js";
import { openedStore } from "../support/opened-store.js";
import { places } from "../support/processes.js";
import { only, send } from "../support/raw-client.js";
import { storedBrowsers, storedSessions } from "../support/records.js";
import { inTestAll } from "../support/tier.js";

const MANY = 40_000;
const STEP = 500;
/** The longest turn of the event loop, in milliseconds. Measuring the coverage makes everything slower. */
const LONGEST_TURN = process.env.NODE_V8_COVERAGE ? 200 : 50;

type Fill = (store: SessionStore, record: StoredRecord, url: string) => Promise<void>;

/** For each backend: adds many sessions of the user of a session. */
const fill: Record<string, Fill> = {
  async redis(store, { id: _, ...record }) {
    for (let n = 0; n < MANY; n += 1000) {
      const batch = Array.from({ length: 1000 }, (_, i) => {
        const auth = { ...(record.data.auth as object), loginId: `login ${n + i}`, series: null };
        return store.create(`many ${n + i}`, { ...record, data: { auth } });
      });
      await Promise.all(batch);
    }
  },
  async postgres(_, { id, data }, url) {
    const { loginId } = data.auth as { loginId: string };
    const client = new pg.Client({ connectionString: url });
    await client.connect();
    await client.query(`INSERT INTO latchkey_sessions
      SELECT 'many ' || n, kind, user_id, replace(data, '${loginId}', 'login ' || n), created_at, last_seen_at,
        expires_at, prune_after, revision
      FROM latchkey_sessions, generate_series(1, ${MANY}) AS n WHERE id = '${id}'`);
    await client.query("ANALYZE latchkey_sessions");
    await client.end();
  },
};

const here = await backendsHere(...Object.keys(fill));

inTestAll(`a user with ${MANY} sessions`, () => {
  for (const { name } of here) {
    describe(`on ${name}`, () => {
      let place: { url: string; remove(): Promise<void> };
      let proxy: CountingProxy;
      before(async () => {
        place = await places[name]!();
        proxy = await startCountingProxy(place.url);
      });
      after(async () => {
        proxy.stop();
        await place.remove();
      });

      it("needs at most 1.5 times the calls and bytes of a user with one session, and all of them end", async () => {
        const store = await openedStore(`${proxy.urlOf(place.url)}?timeout=1m`);
        const at = await accountSite({ store, storeTimeout: "1m" });
        const costOf = async (line: string, cookie: string, json?: object) => {
          const bytes = proxy.bytes();
          at.store.calls = [];
          const answer = await send(at.origin, line, { cookie, ...(json ? { json } : {}) });
          expect(answer.status, line).to.equal(200);
          return { cookie: answer.cookie, calls: at.store.calls.length, bytes: proxy.bytes() - bytes };
        };
        const costs = async () => {
          const login = await costOf("POST /login/1", "", { remember: true });
          const page = await costOf("GET /me", login.cookie);
          const restored = await costOf("GET /me", only("remember", login.cookie));
          const logout = await costOf("POST /logout", restored.cookie);
          return { login, page, restored, logout };
        };
        for (let round = 0; round < 12; round++) await costs(); // prepares statements on all connections
        const one = await costs();
        const { cookie } = await costOf("POST /login/1", "", { remember: true });
        const [own] = await storedSessions(store, "1");
        await fill[name]!(store, own!, place.url);

        const many = await costs();
        for (const [what, { calls, bytes }] of Object.entries(many)) {
          const before = one[what as keyof typeof one];
          expect(calls, `calls of ${what}`).to.equal(before.calls);
          expect(bytes, `bytes of ${what}`).to.be.below(1.5 * before.bytes);
        }

        const revoked: Array<LoginEvents<never>["loginsRevoked"]> = [];
        at.login.on("loginsRevoked", (details) => void revoked.push(details as never));
        at.store.calls = [];
        let ended = 0;
        const turn = await longestTurn(async () => {
          ended = await at.login.sessions.revokeAll("1");
        });
        expect([ended, revoked.map(({ logins }) => logins.length)]).to.eql([MANY + 1, [MANY + 1]]);
        expect(at.store.calls.filter((call) => call === "destroyByUser").length).to.be.within(
          MANY / STEP,
          MANY / STEP + 2,
        );
        expect(turn, "the longest turn of the event loop in milliseconds").to.be.below(LONGEST_TURN);
        expect([await storedSessions(store, "1"), await storedBrowsers(store, "1")]).to.eql([[], []]);
        expect((await send(at.origin, "GET /me", { cookie })).status).to.equal(401);
      });
    });
  }
});
