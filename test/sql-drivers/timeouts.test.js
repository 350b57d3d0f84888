import assert from "node:assert/strict";
import Knex from "knex";
import { knex } from "latchkey/stores/sql";
import { makeDatabase } from "./servers.js";

for (const { client, dialect, sleep } of [
  { client: "pg", dialect: "postgres", sleep: "SELECT pg_sleep(30)" },
  { client: "mysql2", dialect: "mysql", sleep: "SELECT SLEEP(30)" },
]) {
  it(`Knex on ${client} uses a new connection after a statement exceeds the timeout`, async () => {
    const { url, drop } = await makeDatabase(dialect);
    const db = Knex({ client, connection: url, pool: { min: 0, max: 1 } });
    try {
      const database = knex(db);
      await assert.rejects(database.all(sleep, [], 200), { name: "KnexTimeoutError" });
      assert.deepEqual(
        (await database.all("SELECT 1 AS n", [], 60_000)).map((row) => ({ ...row })),
        [{ n: 1 }],
      );
    } finally {
      await db.destroy();
      await drop();
    }
  });
}
