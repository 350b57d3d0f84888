import { expect } from "chai";
import { mysql2, pg as pgDatabase, type SqlDatabase, SqlStore } from "latchkey/stores/sql";
import { createPool } from "mysql2/promise";
import pg from "pg";
import { afterTest } from "../support/after-test.js";
import { backendsHere } from "../support/backends.js";
import { makeDatabase } from "../support/databases.js";
import { startLossyProxy } from "../support/lossy-proxy.js";
import { until } from "../support/redis-servers.js";
import { expectNoUnhandledRejections } from "../support/unhandled.js";

/** The number of connections in a pool. */
const MAX = 4;

/** Pools with the options in docs/operating.md. */
const pools: Record<string, (url: string) => { database: SqlDatabase; close(): Promise<void> }> = {
  postgres(url) {
    const pool = new pg.Pool({ connectionString: url, max: MAX, connectionTimeoutMillis: 1000 });
    pool.on("error", () => {});
    return { database: pgDatabase(pool), close: () => pool.end() };
  },
  mariadb(url) {
    const pool = createPool({ uri: url, connectionLimit: MAX, connectTimeout: 1000 });
    return { database: mysql2(pool), close: () => pool.end() };
  },
};

const here = await backendsHere(...Object.keys(pools));

for (const { name } of here) {
  describe(`the application's own pool for ${name}`, () => {
    expectNoUnhandledRejections();

    it("fails for one timeout after the network drops all of its connections silently, and then works again", async () => {
      const { url, drop } = await makeDatabase(name as "postgres" | "mariadb");
      afterTest(drop);
      const proxy = await startLossyProxy(url);
      const { database, close } = pools[name]!(proxy.urlOf(url));
      afterTest(close);
      afterTest(proxy.stop); // before the pool, which waits for its lost connections
      const store = new SqlStore(database, { timeout: 1000 });
      await until(async () => store.migrate().then(() => true));
      const readAtOnce = () => Promise.allSettled(Array.from({ length: 3 * MAX }, () => store.read("a")));
      await until(async () => (await readAtOnce()).every(({ status }) => status === "fulfilled"));
      const opened = proxy.opened();
      expect(opened).to.be.within(1, MAX + 1);

      proxy.loseAll();
      let failures = 0;
      await until(async () => {
        const reads = await readAtOnce();
        const failed = reads.filter(({ status }) => status === "rejected").length;
        failures += failed;
        return failed === 0;
      });
      expect(failures).to.be.within(1, 3 * MAX);
      expect(proxy.opened()).to.be.above(opened);
    });
  });
}
