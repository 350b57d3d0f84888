import assert from "node:assert/strict";
import { isLatchkeyError } from "../../errors.js";
import type { JsonObject } from "../../json.js";
import { type AddCase, KINDS, newId, newRecord } from "./case.js";

/** Adds the cases for one record, and for the methods that create, read and destroy it. */
export function addRecordCases(add: AddCase): void {
  add("create stores a record of any kind unchanged, and read returns it", async (store) => {
    const data = {
      text: "ü 佐藤 𝒳 \u0000 \ud800 \"quoted\" 'single' \\ \n $1 %s",
      none: null,
      list: [],
      object: {},
      deep: [{ a: [1.5, -2, 1e21, true] }],
      constructor: "own",
    };
    const createdAt = Date.now() - 5;
    for (const kind of KINDS) {
      for (const userId of [newId(), null]) {
        const [id, record] = [newId(), newRecord({ kind, userId, data, createdAt })];
        await store.create(id, record);
        assert.deepEqual(await store.read(id), record);
      }
    }
  });
  add("stores keys with any name, even __proto__", async (store) => {
    const id = newId();
    const text = '{"__proto__":{"a":1},"inner":{"__proto__":"b","toString":"c"},"":0}';
    await store.create(id, newRecord({ data: JSON.parse(text) as JsonObject }));
    assert.deepEqual(JSON.stringify((await store.read(id))?.data), text);
    await store.update(id, newRecord({ data: JSON.parse(text) as JsonObject }));
    assert.deepEqual(JSON.stringify((await store.destroy(id))?.data), text);
  });
  add("stores times from the epoch to the end of the year 9999", async (store) => {
    const [id, userId, last] = [newId(), newId(), Date.UTC(10_000, 0) - 1];
    const record = newRecord({ userId, createdAt: 0, lastSeenAt: 0, expiresAt: last });
    await store.create(id, record);
    // A timer whose delay is too long fires at once. A store that uses such a timer removes the record now.
    await new Promise((resolve) => setTimeout(resolve, 5));
    assert.deepEqual(await store.read(id), record);
    assert.equal(await store.update(id, { ...record, lastSeenAt: last }), true);
    assert.deepEqual(await store.destroy(id), { ...record, lastSeenAt: last, revision: 1 });
  });
  add("stores 60,000 characters of data", async (store) => {
    const id = newId();
    const record = newRecord({ data: { text: "x".repeat(60_000) } });
    await store.create(id, record);
    assert.deepEqual(await store.read(id), record);
  });
  add("create of a taken id rejects with SessionExistsError, and changes nothing", async (store) => {
    const id = newId();
    const record = newRecord({ data: { first: true } });
    await store.create(id, record);
    await assert.rejects(store.create(id, newRecord({ data: { first: false } })), (error) =>
      isLatchkeyError(error, "session_exists"),
    );
    assert.deepEqual(await store.read(id), record);
  });
  add("read, update, touch and destroy return null or false for an unknown id, and create nothing", async (store) => {
    const [id, record] = [newId(), newRecord()];
    assert.equal(await store.read(id), null);
    assert.equal(await store.update(id, record), false);
    assert.equal(await store.touch(id, record), false);
    assert.equal(await store.destroy(id), null);
    assert.equal(await store.read(id), null);
  });
  add("data that was read is a copy, or all of it is frozen", async (store) => {
    const id = newId();
    await store.create(id, newRecord({ data: { list: [["a"]] } }));
    const { data } = (await store.read(id))!;
    const list = data.list as string[][];
    const changes = [() => list[0]!.push("b"), () => list.push(["c"]), () => Object.assign(data, { other: true })];
    const shared = [list[0], list];
    const isFrozen = Object.isFrozen(data);
    for (const one of shared) assert.equal(Object.isFrozen(one), isFrozen);
    if (!isFrozen) for (const change of changes) change();
    assert.deepEqual((await store.read(id))?.data, { list: [["a"]] });
  });
  add("data that was written can be changed without changing the record", async (store) => {
    const id = newId();
    const record = newRecord({ data: { list: ["a"] } });
    await store.create(id, record);
    (record.data.list as string[]).push("b");
    assert.deepEqual((await store.read(id))?.data, { list: ["a"] });
    await store.update(id, record);
    (record.data.list as string[]).push("c");
    assert.deepEqual((await store.read(id))?.data, { list: ["a", "b"] });
  });
  add("destroy returns the final state of the record, or null if there is no record", async (store) => {
    const [id, other] = [newId(), newId()];
    const record = newRecord({ kind: "browser", userId: newId(), data: { a: 1 } });
    await store.create(id, record);
    await store.create(other, newRecord());
    await store.update(id, { ...record, data: { b: 2 } });
    await store.touch(id, { ...record, expiresAt: record.expiresAt + 1 });
    const last = { ...record, data: { b: 2 }, expiresAt: record.expiresAt + 1, revision: 1 };
    assert.deepEqual(await store.destroy(id), last);
    assert.equal(await store.read(id), null);
    assert.equal(await store.destroy(id), null);
    assert.notEqual(await store.read(other), null);
  });
  add("update and touch do not bring a record back after destroy", async (store) => {
    const [id, record] = [newId(), newRecord()];
    await store.create(id, record);
    await store.destroy(id);
    assert.equal(await store.update(id, record), false);
    assert.equal(await store.touch(id, record), false);
    assert.equal(await store.read(id), null);
  });
  add("an id can be used again after destroy, for any kind", async (store) => {
    const id = newId();
    await store.create(id, newRecord({ data: { a: 1 } }));
    await store.destroy(id);
    const record = newRecord({ kind: "browser", userId: newId(), data: { b: 2 } });
    await store.create(id, record);
    assert.deepEqual(await store.read(id), record);
  });
}
