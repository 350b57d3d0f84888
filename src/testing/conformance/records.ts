import assert from "node:assert/strict";
import { isLatchkeyError } from "../../errors.js";
import { type AddCase, newId } from "./case.js";
import type { KeepingStore, Kind } from "./kind.js";

/** One record, and the verbs that make, find and end it. */
export function addRecordCases<S extends KeepingStore>(add: AddCase<S>, { newRecord, changes }: Kind<S>): void {
  add("create keeps a record as it is, and read gives it", async (store) => {
    const data = {
      text: "ü 佐藤 𝒳 \u0000 \ud800 \"quoted\" 'single' \\ \n $1 %s",
      none: null,
      list: [],
      object: {},
      deep: [{ a: [1.5, -2, 1e21, true] }],
      constructor: "own",
    };
    const createdAt = Date.now() - 5;
    for (const record of [newRecord({ userId: newId(), data, createdAt }), newRecord({ data, createdAt })]) {
      const id = newId();
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
    await assert.rejects(store.create(id, newRecord({ data: { first: false } })), (error) =>
      isLatchkeyError(error, "session_exists"),
    );
    assert.deepEqual(await store.read(id), record);
  });
  add("an unknown id is null or false to every verb, and none creates it", async (store) => {
    const id = newId();
    assert.equal(await store.read(id), null);
    for (const change of changes(store, id, newRecord())) assert.equal(await change(), false, String(change));
    assert.equal(await store.destroy(id), false);
    assert.equal(await store.read(id), null);
  });
  add("what was read is the caller's own, or frozen: no change of it changes what is stored", async (store) => {
    const id = newId();
    await store.create(id, newRecord({ data: { list: [["a"]] } }));
    const { data } = (await store.read(id))!;
    const list = data.list as string[][];
    const changes = [() => list[0]!.push("b"), () => list.push(["c"]), () => Object.assign(data, { other: true })];
    const shared = [list[0], list, data];
    for (const [i, change] of changes.entries()) if (!Object.isFrozen(shared[i])) change();
    assert.deepEqual((await store.read(id))?.data, { list: [["a"]] });
  });
  add("what was written can be changed afterwards without changing what is stored", async (store) => {
    const id = newId();
    const record = newRecord({ data: { list: ["a"] } });
    await store.create(id, record);
    (record.data.list as string[]).push("b");
    assert.deepEqual((await store.read(id))?.data, { list: ["a"] });
    await changes(store, id, record)[0]!();
    (record.data.list as string[]).push("c");
    assert.deepEqual((await store.read(id))?.data, { list: ["a", "b"] });
  });
  add("destroy tells whether there was a record", async (store) => {
    const [id, other] = [newId(), newId()];
    await store.create(id, newRecord());
    await store.create(other, newRecord());
    assert.equal(await store.destroy(id), true);
    assert.equal(await store.read(id), null);
    assert.equal(await store.destroy(id), false);
    assert.notEqual(await store.read(other), null);
  });
  add("no verb brings a record back after destroy", async (store) => {
    const record = newRecord();
    for (const i of changes(store, "any", record).keys()) {
      const id = newId();
      await store.create(id, record);
      await store.destroy(id);
      const change = changes(store, id, record)[i]!;
      assert.equal(await change(), false, String(change));
      assert.equal(await store.read(id), null, String(change));
    }
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
