import assert from "node:assert/strict";
import { UnsupportedByStoreError } from "../errors.js";
import type { SessionStore } from "../session-store.js";
import { type AddCase, at, atLater, HOUR, newId, newRecord, together } from "./case.js";

/** The sessions of a user. */
export function addUserCases(add: AddCase): void {
  add("listByUser gives a user's live sessions, the newest first", async (store) => {
    const userId = newId();
    const now = Date.now();
    const ids = [newId(), newId(), newId()] as const;
    for (const [id, age] of [
      [ids[1], 2],
      [ids[2], 1],
      [ids[0], 3],
    ] as const) {
      const expiresAt = now + (id === ids[1] ? 1 : 3) * HOUR;
      await store.create(id, newRecord({ userId, createdAt: now - age, expiresAt, data: { id } }));
    }
    await store.create(newId(), newRecord({ userId: newId() }));
    await store.create(newId(), newRecord({ userId: null }));
    assert.deepEqual(await listed(store, userId), [ids[2], ids[1], ids[0]]);
    const [newest] = await store.listByUser(userId);
    assert.deepEqual(newest, { id: ids[2], ...(await store.read(ids[2])) });
    await at(now + HOUR, async () => assert.deepEqual(await listed(store, userId), [ids[2], ids[0]]));
    await store.destroy(ids[2]);
    assert.deepEqual(await listed(store, userId), [ids[1], ids[0]]);
  });
  add("listByUser of an unknown user gives none", async (store) => {
    assert.deepEqual(await store.listByUser(newId()), []);
    assert.equal(await store.destroyByUser(newId()), 0);
  });
  add("an updated session is listed under the user that it names now", async (store) => {
    const [id, first, second] = [newId(), newId(), newId()];
    await store.create(id, newRecord());
    for (const [userId, before] of [
      [first, second],
      [second, first],
      [null, second],
      [first, second],
    ]) {
      assert.equal(await store.update(id, newRecord({ userId: userId as string | null })), true);
      assert.equal(await store.destroyByUser(before as string), 0);
      for (const user of [first, second]) assert.deepEqual(await listed(store, user), user === userId ? [id] : []);
    }
    assert.equal(await store.destroyByUser(first), 1);
  });
  add("destroyByUser ends a user's sessions but the one excepted, and nobody else's", async (store) => {
    const [userId, otherId] = [newId(), newId()];
    const ids = [newId(), newId(), newId()] as const;
    const [other, over] = [newId(), newId()];
    for (const id of ids) await store.create(id, newRecord({ userId, expiresAt: Date.now() + 3 * HOUR }));
    await store.create(other, newRecord({ userId: otherId, expiresAt: Date.now() + 3 * HOUR }));
    await store.create(over, newRecord({ userId, expiresAt: Date.now() + HOUR }));
    await atLater(HOUR, async () => {
      assert.equal(await store.destroyByUser(userId, { except: ids[1] }), 2);
      assert.deepEqual(await listed(store, userId), [ids[1]]);
      assert.equal(await store.destroyByUser(userId, { except: other }), 1);
      assert.equal(await store.destroyByUser(userId), 0);
      for (const id of ids) assert.equal(await store.read(id), null);
      assert.notEqual(await store.read(other), null);
    });
  });
}

/** The same with many callers at once. */
export function addConcurrentUserCases(add: AddCase): void {
  add("20 concurrent creates for a user are all listed", async (store) => {
    const userId = newId();
    const ids = Array.from({ length: 20 }, newId);
    await together(20, (i) => store.create(ids[i]!, newRecord({ userId })));
    assert.deepEqual((await listed(store, userId)).sort(), ids.sort());
  });
  add("concurrent destroyByUser calls end each session once, and no update brings one back", async (store) => {
    const userId = newId();
    const ids = Array.from({ length: 20 }, newId);
    const record = newRecord({ userId });
    for (const id of ids) await store.create(id, record);
    const updates = ids.map((id) => store.update(id, record));
    const counts = await Promise.all([1, 2, 3, 4].map(() => store.destroyByUser(userId)));
    await Promise.all([...updates, ...ids.map((id) => store.update(id, record))]);
    assert.equal(
      counts.reduce((sum, count) => sum + count, 0),
      20,
    );
    assert.deepEqual(await listed(store, userId), []);
    for (const id of ids) assert.equal(await store.read(id), null);
  });
}

/** A store that keeps no index of users. */
export function addUnsupportedUserCases(add: AddCase): void {
  add("says by UnsupportedByStoreError that it keeps no index of users", async (store) => {
    await assert.rejects(() => store.listByUser(newId()), UnsupportedByStoreError);
    await assert.rejects(() => store.destroyByUser(newId()), UnsupportedByStoreError);
  });
}

async function listed(store: SessionStore, userId: string): Promise<string[]> {
  return (await store.listByUser(userId)).map(({ id }) => id);
}
