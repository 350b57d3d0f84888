import assert from "node:assert/strict";
import { UnsupportedByStoreError } from "../../errors.js";
import type { SessionStore } from "../../store/session-store.js";
import { type AddCase, at, atLater, HOUR, KINDS, listed, newId, newRecord, pagesOf, together } from "./case.js";

/** Adds the cases for the records of one user. */
export function addUserCases(add: AddCase): void {
  add("listByUser returns a user's live records of one kind, and no others", async (store) => {
    const [userId, now] = [newId(), Date.now()];
    const ids = [newId(), newId(), newId()].sort() as [string, string, string];
    for (const id of ids) {
      const expiresAt = now + (id === ids[1] ? 1 : 3) * HOUR;
      await store.create(id, newRecord({ userId, expiresAt, data: { id } }));
    }
    const browser = newId();
    await store.create(browser, newRecord({ kind: "browser", userId, expiresAt: now + 3 * HOUR }));
    await store.create(newId(), newRecord({ userId: newId() }));
    await store.create(newId(), newRecord());
    assert.deepEqual(await listed(store, userId), ids);
    assert.deepEqual(await listed(store, userId, "browser"), [browser]);
    assert.deepEqual(await listed(store, userId, "nothing"), []);
    const { records } = await store.listByUser(userId, { kind: "session", limit: 100 });
    for (const { id, ...record } of records) assert.deepEqual(record, await store.read(id));
    await atLater(HOUR, async () => assert.deepEqual(await listed(store, userId), [ids[0], ids[2]]));
    await store.destroy(ids[2]);
    assert.deepEqual(await listed(store, userId), [ids[0], ids[1]]);
  });
  add("listByUser returns no next page if all records fit into one page", async (store) => {
    const userId = newId();
    for (let i = 0; i < 5; i++) await store.create(newId(), newRecord({ userId }));
    const page = await store.listByUser(userId, { kind: "session", limit: 5 });
    assert.deepEqual([page.records.length, page.damaged, page.next], [5, [], null]);
  });
  add("listByUser returns each record exactly once, for any page size", async (store) => {
    const [userId, createdAt] = [newId(), Date.now()];
    const ids = Array.from({ length: 7 }, newId).sort();
    // This record has another kind, and comes first in every order. The store must not end the list after it.
    const first = `${"0".repeat(16)}${newId().slice(16)}`;
    await store.create(first, newRecord({ kind: "browser", userId, createdAt: createdAt - HOUR }));
    for (const [i, id] of ids.entries()) {
      await store.create(
        id,
        newRecord({ userId, createdAt: createdAt - (i % 3), expiresAt: createdAt + HOUR + (i % 2) }),
      );
    }
    for (const limit of [1, 2, 3, 7, 8]) {
      const found: string[] = [];
      for await (const { records } of pagesOf(store, userId, "session", limit)) {
        assert.ok(records.length <= limit, `${records.length} of at most ${limit}`);
        found.push(...records.map(({ id }) => id));
        assert.ok(found.length <= ids.length, `more records than there are, in pages of ${limit}`);
      }
      assert.deepEqual(found.sort(), ids);
    }
  });
  add("listByUser continues after a page whose records were destroyed", async (store) => {
    const userId = newId();
    const ids = Array.from({ length: 7 }, newId);
    for (const id of ids) await store.create(id, newRecord({ userId }));
    const found: string[] = [];
    for await (const { records } of pagesOf(store, userId, "session", 2)) {
      for (const { id } of records) {
        found.push(id);
        await store.destroy(id);
      }
    }
    assert.deepEqual(found.sort(), ids.sort());
  });
  add("listByUser and destroyByUser find no records of an unknown user", async (store) => {
    const page = await store.listByUser(newId(), { kind: "session", limit: 10 });
    assert.deepEqual(page, { records: [], damaged: [], next: null });
    assert.deepEqual(await store.destroyByUser(newId(), { kind: "session", limit: 10 }), { ended: 0, more: false });
  });
  add("a record that was updated or touched is listed in its current state", async (store) => {
    for (const kind of KINDS) {
      const [id, userId, record] = [newId(), newId(), newRecord({ kind, expiresAt: Date.now() + HOUR })];
      await store.create(id, { ...record, userId });
      for (const [revision, hours] of [5, 2, 9].entries()) {
        const expiresAt = Date.now() + hours * HOUR;
        assert.equal(await store.update(id, { ...record, revision: revision + 1 }), false);
        assert.equal(await store.update(id, { ...record, data: { hours }, expiresAt, revision }), true);
        assert.deepEqual((await store.listByUser(userId, { kind, limit: 9 })).records, [
          { ...record, id, userId, data: { hours }, expiresAt, revision: revision + 1 },
        ]);
        await atLater(hours * HOUR - 60_000, async () => assert.deepEqual(await listed(store, userId, kind), [id]));
      }
      await store.touch(id, { lastSeenAt: Date.now(), expiresAt: Date.now() + 100 * HOUR });
      await atLater(99 * HOUR, async () => assert.deepEqual(await listed(store, userId, kind), [id]));
    }
  });
  add("a record with the id of an earlier record is listed only for its own user and kind", async (store) => {
    const [userId, otherId] = [newId(), newId()];
    const ids = [newId(), newId()].sort() as [string, string];
    const expiresAt = Date.now() + HOUR;
    for (const id of ids) await store.create(id, newRecord({ userId, expiresAt }));
    await store.destroy(ids[0]);
    await at(expiresAt, async () => {
      for (const id of ids) await store.create(id, newRecord({ kind: "browser", userId: otherId }));
      for (const kind of KINDS) {
        assert.deepEqual(await listed(store, userId, kind), []);
        assert.deepEqual(await listed(store, otherId, kind), kind === "browser" ? ids : []);
        assert.equal((await store.destroyByUser(userId, { kind, limit: 9 })).ended, 0);
      }
      assert.equal((await store.destroyByUser(otherId, { kind: "browser", limit: 9 })).ended, 2);
    });
  });
  add("destroyByUser ends a user's live records of a kind in steps, and no records of other users", async (store) => {
    const [userId, otherId] = [newId(), newId()];
    const ids = Array.from({ length: 5 }, newId);
    const [other, browser] = [newId(), newId()];
    const expiresAt = Date.now() + 3 * HOUR;
    for (const id of ids) await store.create(id, newRecord({ userId, expiresAt }));
    await store.create(other, newRecord({ userId: otherId, expiresAt }));
    await store.create(browser, newRecord({ kind: "browser", userId, expiresAt }));
    await store.create(newId(), newRecord({ userId, expiresAt: Date.now() + HOUR }));
    await atLater(HOUR, async () => {
      let ended = 0;
      for (let more = true, steps = 0; more; steps++) {
        const step = await store.destroyByUser(userId, { kind: "session", limit: 2 });
        assert.ok(step.ended <= 2 && steps < 10, `${step.ended} of at most 2, in step ${steps}`);
        ended += step.ended;
        more = step.more;
      }
      assert.equal(ended, 5);
      for (const id of ids) assert.equal(await store.read(id), null);
      assert.deepEqual(await listed(store, userId), []);
      for (const id of [other, browser]) assert.notEqual(await store.read(id), null);
    });
  });
}

/** Adds the cases for concurrent calls for one user. */
export function addConcurrentUserCases(add: AddCase): void {
  add("20 concurrent creates for a user are all listed", async (store) => {
    const userId = newId();
    const ids = Array.from({ length: 20 }, newId);
    await together(20, (i) => store.create(ids[i]!, newRecord({ userId })));
    assert.deepEqual(await listed(store, userId), ids.sort());
  });
  add("listByUser always finds a record while new records replace old ones", async (store) => {
    const userId = newId();
    let id = newId();
    await store.create(id, newRecord({ userId }));
    await alwaysListed(store, userId, async () => {
      const next = newId();
      await store.create(next, newRecord({ userId }));
      await store.destroy(id);
      id = next;
    });
  });
  add("listByUser always finds a record while it is updated and touched", async (store) => {
    const [id, userId, record] = [newId(), newId(), newRecord()];
    await store.create(id, { ...record, userId });
    await alwaysListed(store, userId, async (revision) => {
      const expiresAt = record.expiresAt + (revision % 2 ? 20 : 1) * HOUR;
      assert.equal(await store.update(id, { ...record, data: { revision }, expiresAt, revision }), true);
      await store.touch(id, { lastSeenAt: Date.now(), expiresAt: expiresAt + HOUR });
    });
  });
  add("concurrent destroyByUser calls end each record once, and no method brings a record back", async (store) => {
    const userId = newId();
    const ids = Array.from({ length: 20 }, newId);
    const record = newRecord({ userId });
    for (const id of ids) await store.create(id, record);
    const changed = () => ids.flatMap((id) => [store.update(id, record), store.touch(id, record)]);
    const meanwhile = changed();
    const steps = await together(4, () => store.destroyByUser(userId, { kind: "session", limit: 100 }));
    await Promise.all([...meanwhile, ...changed()]);
    const ended = steps.map((step) => (step.status === "fulfilled" ? step.value.ended : Number.NaN));
    assert.equal(
      ended.reduce((sum, count) => sum + count, 0),
      20,
    );
    assert.deepEqual(await listed(store, userId), []);
    for (const id of ids) assert.equal(await store.read(id), null);
  });
}

/**
 * Makes a change 30 times while three callers list the user's sessions. Each list must contain at least one session.
 */
async function alwaysListed(store: SessionStore, userId: string, change: (i: number) => Promise<void>): Promise<void> {
  let isChanging = true;
  const counts: number[] = [];
  const look = async () => {
    while (isChanging) {
      counts.push((await store.listByUser(userId, { kind: "session", limit: 100 })).records.length);
      await new Promise(setImmediate); // otherwise, a store that resolves at once would block the changes
    }
  };
  const looks = [look(), look(), look()];
  try {
    for (let i = 0; i < 30; i++) await change(i);
  } finally {
    isChanging = false;
    await Promise.all(looks);
  }
  assert.ok(
    !counts.includes(0),
    `${counts.filter((count) => count === 0).length} of ${counts.length} lists were empty`,
  );
}

/** Adds the case for a store that cannot list by user. */
export function addUnsupportedUserCases(add: AddCase): void {
  add("listByUser and destroyByUser reject with UnsupportedByStoreError", async (store: SessionStore) => {
    await assert.rejects(() => store.listByUser(newId(), { kind: "session", limit: 1 }), UnsupportedByStoreError);
    await assert.rejects(() => store.destroyByUser(newId(), { kind: "session", limit: 1 }), UnsupportedByStoreError);
  });
}
