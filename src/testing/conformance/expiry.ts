import assert from "node:assert/strict";
import { isLatchkeyError } from "../../errors.js";
import { type AddCase, at, atLater, HOUR, listed, newId, newRecord } from "./case.js";

/** Adds the cases for the expiry of records. */
export function addExpiryCases(add: AddCase, hasUsers: boolean): void {
  add("no method finds a record from its expiresAt on", async (store) => {
    const start = Date.now();
    const record = newRecord({ userId: newId(), expiresAt: start + HOUR });
    const later = { ...record, expiresAt: start + 2 * HOUR };
    const created = async () => {
      const id = newId();
      await at(start, () => store.create(id, record));
      return id;
    };
    const methods = [
      async (id: string) => (await store.destroy(id)) !== null,
      (id: string) => store.update(id, later),
      (id: string) => store.touch(id, later),
    ];
    const id = await created();
    await at(start + HOUR - 1, async () => {
      assert.notEqual(await store.read(id), null);
      await assert.rejects(store.create(id, record), (error) => isLatchkeyError(error, "session_exists"));
    });
    for (const method of methods) {
      const other = await created();
      await at(start + HOUR, async () => {
        assert.equal(await store.read(other), null);
        assert.equal(await method(other), false, String(method));
        assert.equal(await store.read(other), null, String(method));
      });
    }
    await at(start + HOUR, async () => {
      await store.create(id, later);
      assert.deepEqual(await store.read(id), later);
    });
  });
  add("a record that expires in 100 ms exists for 100 ms", async (store) => {
    const id = newId();
    // In the middle of a second, so that this case always finds a store that rounds to seconds.
    const start = Math.ceil(Date.now() / 1000) * 1000 + 500;
    await at(start, async () => {
      await store.create(id, newRecord({ expiresAt: start + 100 }));
      assert.notEqual(await store.read(id), null);
    });
    await at(start + 100, async () => assert.equal(await store.read(id), null));
  });
  add("a record that is created with a past expiry does not exist", async (store) => {
    const id = newId();
    await store.create(id, newRecord({ expiresAt: Date.now() }));
    assert.equal(await store.read(id), null);
  });
  add("prune removes only expired records, and no more than its limit", async (store) => {
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
      // If the backend removes expired records by itself, there are none to prune.
      assert.ok(few + rest === 0 || (few === 2 && rest >= 3), `pruned ${few} of at most 2, then ${rest}`);
      assert.equal(await store.prune(), 0);
      assert.notEqual(await store.read(live), null);
    });
  });
  add("a backend's own expiry follows every update and touch, in real time", async (store) => {
    const [touched, updated, touchedBack, updatedBack, brief] = [newId(), newId(), newId(), newId(), newId()];
    const [soon, late] = [Date.now() + 1900, Date.now() + HOUR].map((expiresAt) => newRecord({ expiresAt }));
    const userIds = [newId(), newId(), newId()];
    await store.create(touched, { ...soon!, userId: userIds[0]! });
    assert.equal(await store.touch(touched, late!), true);
    await store.create(updated, { ...soon!, userId: userIds[1]! });
    assert.equal(await store.update(updated, late!), true);
    await store.create(touchedBack, { ...late!, userId: userIds[2]! });
    assert.equal(await store.touch(touchedBack, soon!), true);
    await store.create(updatedBack, { ...late!, userId: userIds[2]! });
    assert.equal(await store.update(updatedBack, soon!), true);
    await store.create(brief, { ...soon!, userId: userIds[2]! });
    await new Promise((resolve) => setTimeout(resolve, 2500));
    for (const id of [updatedBack, brief]) assert.equal(await store.read(id), null);
    for (const [i, id] of [touched, updated, touchedBack].entries()) {
      assert.notEqual(await store.read(id), null);
      if (hasUsers) assert.deepEqual(await listed(store, userIds[i]!), [id]);
      assert.notEqual(await store.destroy(id), null);
    }
  });
}
