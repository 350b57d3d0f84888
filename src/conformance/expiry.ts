import assert from "node:assert/strict";
import { SessionExistsError } from "../errors.js";
import { type AddCase, at, atLater, HOUR, newId, newRecord } from "./case.js";

/** From `expiresAt` on a record does not exist. */
export function addExpiryCases(add: AddCase): void {
  add("from expiresAt on a record does not exist, for any verb", async (store) => {
    const ids = [newId(), newId(), newId(), newId(), newId()] as const;
    const start = Date.now();
    const record = newRecord({ userId: newId(), expiresAt: start + HOUR });
    for (const id of ids) await store.create(id, record);
    await at(start + HOUR - 1, async () => {
      assert.notEqual(await store.read(ids[0]), null);
      await assert.rejects(store.create(ids[0], record), SessionExistsError);
    });
    await at(start + HOUR, async () => {
      const later = { ...record, expiresAt: start + 2 * HOUR };
      assert.equal(await store.read(ids[0]), null);
      assert.equal(await store.update(ids[1], later), false);
      assert.equal(await store.touch(ids[2], later), false);
      assert.equal(await store.destroy(ids[3]), false);
      for (const id of ids.slice(1, 4)) assert.equal(await store.read(id), null);
      await store.create(ids[4], later);
      assert.deepEqual(await store.read(ids[4]), later);
    });
  });
  add("a touched record lives on to its new expiry", async (store) => {
    const id = newId();
    const record = newRecord({ expiresAt: Date.now() + HOUR });
    await store.create(id, record);
    await store.touch(id, { lastSeenAt: Date.now(), expiresAt: record.expiresAt + HOUR });
    await at(record.expiresAt, async () => assert.notEqual(await store.read(id), null));
    await at(record.expiresAt + HOUR, async () => assert.equal(await store.read(id), null));
  });
  add("an updated record lives to its new expiry, later or earlier", async (store) => {
    for (const hours of [3, 1]) {
      const id = newId();
      const expiresAt = Date.now() + hours * HOUR;
      await store.create(id, newRecord({ expiresAt: Date.now() + 2 * HOUR }));
      await store.update(id, newRecord({ expiresAt }));
      await at(expiresAt - 1, async () => assert.notEqual(await store.read(id), null));
      await at(expiresAt, async () => assert.equal(await store.read(id), null));
    }
  });
  add("a record that lives for 100 ms is kept, and no longer", async (store) => {
    const id = newId();
    const start = Date.now();
    await at(start, async () => {
      await store.create(id, newRecord({ expiresAt: start + 100 }));
      assert.notEqual(await store.read(id), null);
    });
    await at(start + 100, async () => assert.equal(await store.read(id), null));
  });
  add("a record that is over when it is written does not exist", async (store) => {
    const [id, other] = [newId(), newId()];
    const over = newRecord({ expiresAt: Date.now() });
    await store.create(id, over);
    assert.equal(await store.read(id), null);
    await store.create(other, newRecord());
    await store.update(other, over);
    assert.equal(await store.read(other), null);
    assert.equal(await store.update(other, newRecord()), false);
  });
  add("prune removes only expired records, at most as many as it is told", async (store) => {
    const live = newId();
    await store.create(live, newRecord({ expiresAt: Date.now() + 3 * HOUR }));
    for (let i = 0; i < 5; i++) await store.create(newId(), newRecord({ expiresAt: Date.now() + HOUR }));
    await atLater(HOUR, async () => {
      const [none, few, rest] = [
        await store.prune({ limit: 0 }),
        await store.prune({ limit: 2 }),
        await store.prune({}),
      ];
      assert.equal(none, 0);
      // A backend that removes expired records by itself leaves none to prune.
      assert.ok(few + rest === 0 || (few === 2 && rest >= 3), `pruned ${few} of at most 2, then ${rest}`);
      assert.equal(await store.prune(), 0);
      assert.notEqual(await store.read(live), null);
    });
  });
}
