import assert from "node:assert/strict";
import { UnsupportedByStoreError } from "../../errors.js";
import type { SessionStore } from "../../store/session-store.js";
import { type AddCase, at, atLater, HOUR, newId, together } from "./case.js";
import { type KeepingStore, type Kind, newRecord } from "./kind.js";

/** The records of a user. */
export function addUserCases<S extends KeepingStore>(add: AddCase<S>, { newRecord }: Kind<S>): void {
  add("listByUser gives a user's live records, the newest first", async (store) => {
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
    await store.create(newId(), newRecord());
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
  add("destroyByUser ends a user's records but the one excepted, and nobody else's", async (store) => {
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
export function addConcurrentUserCases<S extends KeepingStore>(add: AddCase<S>, { newRecord, changes }: Kind<S>): void {
  add("20 concurrent creates for a user are all listed", async (store) => {
    const userId = newId();
    const ids = Array.from({ length: 20 }, newId);
    await together(20, (i) => store.create(ids[i]!, newRecord({ userId })));
    assert.deepEqual((await listed(store, userId)).sort(), ids.sort());
  });
  add("listByUser finds one that moves, each created before the last is destroyed, at every moment", async (store) => {
    const userId = newId();
    let id = newId();
    let isMoving = true;
    await store.create(id, newRecord({ userId }));
    const counts: number[] = [];
    const look = async () => {
      while (isMoving) counts.push((await store.listByUser(userId)).length);
    };
    const looks = [look(), look(), look()];
    for (let moves = 0; moves < 30; moves++) {
      const next = newId();
      await store.create(next, newRecord({ userId }));
      await store.destroy(id);
      id = next;
    }
    isMoving = false;
    await Promise.all(looks);
    assert.ok(!counts.includes(0), `${counts.filter((count) => count === 0).length} of ${counts.length} found none`);
  });
  add("concurrent destroyByUser calls end each record once, and no verb brings one back", async (store) => {
    const userId = newId();
    const ids = Array.from({ length: 20 }, newId);
    const record = newRecord({ userId });
    for (const id of ids) await store.create(id, record);
    const changed = () => ids.flatMap((id) => changes(store, id, record).map((change) => change()));
    const meanwhile = changed();
    const counts = await Promise.all([1, 2, 3, 4].map(() => store.destroyByUser(userId)));
    await Promise.all([...meanwhile, ...changed()]);
    assert.equal(
      counts.reduce((sum, count) => sum + count, 0),
      20,
    );
    assert.deepEqual(await listed(store, userId), []);
    for (const id of ids) assert.equal(await store.read(id), null);
  });
}

/** A session whose user changes. */
export function addMovingUserCases(add: AddCase): void {
  add("an updated session is listed under the user that it names now", async (store) => {
    const [id, first, second] = [newId(), newId(), newId()];
    await store.create(id, newRecord());
    for (const [revision, [userId, before]] of [
      [first, second],
      [second, first],
      [null, second],
      [first, second],
    ].entries()) {
      assert.equal(await store.update(id, newRecord({ userId: userId as string | null, revision })), true);
      assert.equal(await store.destroyByUser(before as string), 0);
      for (const user of [first, second]) assert.deepEqual(await listed(store, user), user === userId ? [id] : []);
    }
    assert.equal(await store.destroyByUser(first), 1);
  });
}

/** A store that keeps no index of users. */
export function addUnsupportedUserCases(add: AddCase): void {
  add("says by UnsupportedByStoreError that it keeps no index of users", async (store: SessionStore) => {
    await assert.rejects(() => store.listByUser(newId()), UnsupportedByStoreError);
    await assert.rejects(() => store.destroyByUser(newId()), UnsupportedByStoreError);
  });
}

async function listed(store: KeepingStore, userId: string): Promise<string[]> {
  return (await store.listByUser(userId)).map(({ id }) => id);
}
