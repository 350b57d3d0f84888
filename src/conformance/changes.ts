import assert from "node:assert/strict";
import { type AddCase, at, HOUR, newId, together } from "./case.js";
import { newRecord } from "./kind.js";

/** What `update` and `touch` do to a session, and do not. */
export function addChangeCases(add: AddCase): void {
  add("update replaces a record, all of it", async (store) => {
    const id = newId();
    const first = newRecord({ data: { a: 1 } });
    await store.create(id, first);
    const { createdAt, lastSeenAt, expiresAt } = first;
    const earlier = { createdAt: createdAt - 9, lastSeenAt: lastSeenAt - 9, expiresAt: expiresAt - 9 };
    const record = newRecord({ data: { b: 2 }, ...earlier });
    assert.equal(await store.update(id, record), true);
    assert.deepEqual(await store.read(id), record);
  });
  add("update by the very same record gives true", async (store) => {
    const id = newId();
    const record = newRecord({ userId: newId(), data: { a: 1 } });
    await store.create(id, record);
    for (const _ of [1, 2]) assert.equal(await store.update(id, record), true);
    assert.deepEqual(await store.read(id), record);
  });
  add("touch moves the instants, and nothing else", async (store) => {
    const id = newId();
    const record = newRecord({ userId: newId(), data: { a: 1 } });
    await store.create(id, record);
    const seen = { lastSeenAt: record.lastSeenAt + 1000, expiresAt: record.expiresAt + 1000 };
    assert.equal(await store.touch(id, { ...seen, userId: null, data: {}, createdAt: 1 } as typeof seen), true);
    assert.deepEqual(await store.read(id), { ...record, ...seen });
  });
  add("touch never moves an instant back, each by itself", async (store) => {
    const id = newId();
    const record = newRecord();
    const { lastSeenAt, expiresAt } = record;
    await store.create(id, record);
    assert.equal(await store.touch(id, { lastSeenAt: lastSeenAt - 1000, expiresAt: expiresAt - 1000 }), true);
    assert.deepEqual(await store.read(id), record);
    await store.touch(id, { lastSeenAt: lastSeenAt + 5, expiresAt: expiresAt - 5 });
    assert.deepEqual(await store.read(id), { ...record, lastSeenAt: lastSeenAt + 5 });
    await store.touch(id, { lastSeenAt, expiresAt: expiresAt + 7 });
    assert.deepEqual(await store.read(id), { ...record, lastSeenAt: lastSeenAt + 5, expiresAt: expiresAt + 7 });
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
  add("a record that is over when it is updated does not exist", async (store) => {
    const id = newId();
    await store.create(id, newRecord());
    await store.update(id, newRecord({ expiresAt: Date.now() }));
    assert.equal(await store.read(id), null);
    assert.equal(await store.update(id, newRecord()), false);
  });
}

/** The same with many callers at once. */
export function addConcurrentChangeCases(add: AddCase, callers: number): void {
  add("no update or touch brings a session back, in 100 races with destroy", async (store) => {
    for (let i = 0; i < 100; i++) {
      const id = newId();
      const record = newRecord({ userId: newId() });
      await store.create(id, record);
      await Promise.all([
        store.update(id, record),
        store.touch(id, record),
        store.destroy(id),
        store.touch(id, { ...record, expiresAt: record.expiresAt + HOUR }),
        store.update(id, { ...record, expiresAt: record.expiresAt + HOUR }),
      ]);
      assert.equal(await store.read(id), null);
    }
  });
  add("no update or touch brings a session back that is over, in 100 races with each other", async (store) => {
    const expiresAt = Date.now() + HOUR;
    const ids = Array.from({ length: 100 }, newId);
    for (const id of ids) await store.create(id, newRecord({ expiresAt }));
    await at(expiresAt, async () => {
      const later = newRecord({ expiresAt: expiresAt + HOUR });
      for (const id of ids) {
        const outcomes = await Promise.all([
          store.update(id, later),
          store.destroy(id),
          store.touch(id, later),
          store.update(id, later),
        ]);
        assert.deepEqual(outcomes, [false, false, false, false]);
        assert.equal(await store.read(id), null);
      }
    });
  });
  add("concurrent updates leave one of them, whole", async (store) => {
    const id = newId();
    await store.create(id, newRecord());
    const outcomes = await together(callers, (i) => store.update(id, newRecord({ data: { a: i, b: i } })));
    assert.ok(outcomes.every((outcome) => outcome.status === "fulfilled" && outcome.value));
    const data = (await store.read(id))?.data;
    assert.equal(typeof data?.a, "number");
    assert.equal(data?.a, data?.b);
  });
  add("concurrent touches leave the latest instants", async (store) => {
    const id = newId();
    const record = newRecord();
    const { lastSeenAt, expiresAt } = record;
    await store.create(id, record);
    await together(callers, (i) => store.touch(id, { lastSeenAt: lastSeenAt + i, expiresAt: expiresAt + callers - i }));
    const latest = { lastSeenAt: lastSeenAt + callers - 1, expiresAt: expiresAt + callers };
    assert.deepEqual(await store.read(id), { ...record, ...latest });
  });
}
