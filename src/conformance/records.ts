import assert from "node:assert/strict";
import { SessionExistsError } from "../errors.js";
import { type AddCase, newId, newRecord } from "./case.js";

/** One record and the five verbs on it. */
export function addRecordCases(add: AddCase): void {
  add("create keeps a record as it is, and read gives it", async (store) => {
    const data = {
      text: "ü 佐藤 𝒳 \u0000 \ud800 \"quoted\" 'single' \\ \n $1 %s",
      none: null,
      list: [],
      object: {},
      deep: [{ a: [1.5, -2, 1e21, true] }],
      constructor: "own",
    };
    for (const userId of [newId(), null]) {
      const id = newId();
      const record = newRecord({ userId, data, createdAt: Date.now() - 5, lastSeenAt: Date.now() - 3 });
      await store.create(id, record);
      assert.deepEqual(await store.read(id), record);
    }
  });
  add("keeps 60,000 characters of data", async (store) => {
    const id = newId();
    const record = newRecord({ data: { text: "x".repeat(60_000) } });
    await store.create(id, record);
    assert.deepEqual(await store.read(id), record);
  });
  add("create refuses a taken id with SessionExistsError, and changes nothing", async (store) => {
    const id = newId();
    const record = newRecord({ data: { first: true } });
    await store.create(id, record);
    await assert.rejects(store.create(id, newRecord({ data: { first: false } })), SessionExistsError);
    assert.deepEqual(await store.read(id), record);
  });
  add("an unknown id is null or false to every verb, and none creates it", async (store) => {
    const id = newId();
    assert.equal(await store.read(id), null);
    assert.equal(await store.update(id, newRecord()), false);
    assert.equal(await store.touch(id, newRecord()), false);
    assert.equal(await store.destroy(id), false);
    assert.equal(await store.read(id), null);
  });
  add("what was read can be changed without changing what is stored", async (store) => {
    const id = newId();
    await store.create(id, newRecord({ data: { list: ["a"] } }));
    const read = await store.read(id);
    (read!.data.list as string[]).push("b");
    assert.deepEqual((await store.read(id))?.data, { list: ["a"] });
  });
  add("what was written can be changed afterwards without changing what is stored", async (store) => {
    const id = newId();
    const record = newRecord({ data: { list: ["a"] } });
    await store.create(id, record);
    (record.data.list as string[]).push("b");
    assert.deepEqual((await store.read(id))?.data, { list: ["a"] });
    await store.update(id, record);
    (record.data.list as string[]).push("c");
    assert.deepEqual((await store.read(id))?.data, { list: ["a", "b"] });
  });
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
  add("update after destroy gives false and brings nothing back", async (store) => {
    const id = newId();
    await store.create(id, newRecord());
    await store.destroy(id);
    assert.equal(await store.update(id, newRecord()), false);
    assert.equal(await store.read(id), null);
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
  add("touch after destroy gives false and brings nothing back", async (store) => {
    const id = newId();
    const record = newRecord();
    await store.create(id, record);
    await store.destroy(id);
    assert.equal(await store.touch(id, record), false);
    assert.equal(await store.read(id), null);
  });
  add("destroy tells whether there was a session", async (store) => {
    const [id, other] = [newId(), newId()];
    await store.create(id, newRecord());
    await store.create(other, newRecord());
    assert.equal(await store.destroy(id), true);
    assert.equal(await store.read(id), null);
    assert.equal(await store.destroy(id), false);
    assert.notEqual(await store.read(other), null);
  });
  add("an id can be taken again after destroy", async (store) => {
    const id = newId();
    await store.create(id, newRecord({ data: { a: 1 } }));
    await store.destroy(id);
    const record = newRecord({ data: { b: 2 } });
    await store.create(id, record);
    assert.deepEqual(await store.read(id), record);
  });
}
