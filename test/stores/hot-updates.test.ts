import { expect } from "chai";
import { backendsHere } from "../support/backends.js";
import { until } from "../support/redis-servers.js";
import { newRecord } from "../support/redis-store.js";

const SESSIONS = 200;
const ROUNDS = 50;
const MINUTE = 60_000;

for (const { open } of await backendsHere("sql on pg")) {
  describe("touches on PostgreSQL", () => {
    it(`change no index in at least 90 % of ${SESSIONS * ROUNDS} touches`, async () => {
      const { store, query, table, close } = await open();
      const record = newRecord();
      const ids = Array.from({ length: SESSIONS }, (_, n) => `session ${n}`);
      // The sessions began at different times of an hour.
      const expiryOf = (n: number) => record.expiresAt + (n * 60 * MINUTE) / SESSIONS;
      await Promise.all(ids.map((id, n) => store.create(id, { ...record, expiresAt: expiryOf(n) })));
      for (let round = 1; round <= ROUNDS; round++) {
        const later = round * MINUTE;
        const touch = (id: string, n: number) =>
          store.touch(id, { lastSeenAt: record.lastSeenAt + later, expiresAt: expiryOf(n) + later });
        expect(await Promise.all(ids.map(touch))).to.eql(ids.map(() => true));
      }
      const counts = async () => {
        const sql = `SELECT n_tup_upd AS updates, n_tup_hot_upd AS hot FROM pg_stat_user_tables WHERE relname = '${table}'`;
        const [row] = await query!(sql);
        return { updates: Number(row!.updates), hot: Number(row!.hot) };
      };
      await until(async () => (await counts()).updates >= SESSIONS * ROUNDS); // statistics arrive later
      expect((await counts()).hot).to.be.at.least(0.9 * SESSIONS * ROUNDS);
      await close();
    });
  });
}
