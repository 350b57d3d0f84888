import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { SqlStore } from "latchkey/stores/sql";
import { storeConformance } from "latchkey/testing";
import { DRIVERS } from "./drivers.js";
import { holdLock } from "./locks.js";
import { makeDatabase } from "./servers.js";

const TRIES = 4;
/** In milliseconds: long enough for several tries on SQLite, although Sequelize tries each one several times itself. */
const TIMEOUT = 1500;

/** Creates a place for a database, and returns it with a function that removes it. */
async function makePlace(dialect) {
  if (dialect !== "sqlite") {
    const { url, drop } = await makeDatabase(dialect);
    return { place: url, remove: drop };
  }
  const dir = mkdtempSync(join(tmpdir(), "latchkey-sql-"));
  return { place: join(dir, "sessions.db"), remove: () => rmSync(dir, { recursive: true }) };
}

function record() {
  const now = Date.now();
  const instants = { createdAt: now, lastSeenAt: now, expiresAt: now + 60_000 };
  return { kind: "session", userId: "ann", data: {}, ...instants, revision: 0 };
}

for (const { name, dialect, missing, open } of DRIVERS) {
  if (missing) {
    it.skip(`SqlStore on ${name}: ${missing}`);
    continue;
  }
  describe(`SqlStore on ${name}`, () => {
    let opened, place, remove, store;
    before(async () => {
      const made = await makePlace(dialect);
      ({ place, remove } = made);
      opened = await open(place);
      store = new SqlStore(opened.database);
      await store.migrate();
      await store.migrate();
    });
    after(async () => {
      await store?.close();
      await opened?.close();
      await remove?.();
    });

    for (const { name, run } of storeConformance({ store: () => store })) it(name, run);

    const tried = dialect === "sqlite" ? "until its timeout" : "four times";
    it(`tries a write ${tried} while another connection holds a lock`, async () => {
      await store.create("locked", record());
      const { statement, release } = await holdLock(dialect, place, opened.database);
      let tries = 0;
      const run = (_sql, _values, timeout) => {
        tries++;
        return opened.database.all(statement, [], timeout);
      };
      try {
        const impatient = new SqlStore({ ...opened.database, run }, dialect === "sqlite" ? { timeout: TIMEOUT } : {});
        await assert.rejects(impatient.update("locked", record()));
      } finally {
        await release();
      }
      if (dialect === "sqlite") assert.ok(tries > 1, `${tries} tries`);
      else assert.equal(tries, TRIES);
    });
  });
}
