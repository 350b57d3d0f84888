import assert from "node:assert/strict";
import { isLatchkeyError } from "../../errors.js";
import { type AddCase, at, atLater, HOUR, newId } from "./case.js";
import type { KeepingStore, Kind } from "./kind.js";

/** From `expiresAt` on a record does not exist. */
export function addExpiryCases<S extends KeepingStore>(add: AddCase<S>, { newRecord, changes }: Kind<S>): void {
  add("from expiresAt on a record does not exist, for any verb", async (store) => {
    const start = Date.now();
    const record = newRecord({ userId: newId(), expiresAt: start + HOUR });
    const later = { ...record, expiresAt: start + 2 * HOUR };
    const created = async () => {
      const id = newId();
      await at(start, () => store.create(id, record));
      return id;
    };
    const verbs = [
      (id: string) => store.destroy(id),
      ...changes(store, "any", later).map((_, i) => (id: string) => changes(store, id, later)[i]!()),
    ];
    const id = await created();
    await at(start + HOUR - 1, async () => {
      assert.notEqual(await store.read(id), null);
      await assert.rejects(store.create(id, record), (error) => isLatchkeyError(error, "session_exists"));
    });
    for (const verb of verbs) {
      const other = await created();
      await at(start + HOUR, async () => {
        assert.equal(await store.read(other), null);
        assert.equal(await verb(other), false, String(verb));
        assert.equal(await store.read(other), null, String(verb));
      });
    }
    await at(start + HOUR, async () => {
      await store.create(id, later);
      assert.deepEqual(await store.read(id), later);
    });
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
    const id = newId();
    await store.create(id, newRecord({ expiresAt: Date.now() }));
    assert.equal(await store.read(id), null);
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
