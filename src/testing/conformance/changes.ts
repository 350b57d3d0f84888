import assert from "node:assert/strict";
import { type AddCase, at, HOUR, KINDS, newId, newRecord, together } from "./case.js";

/** Adds the cases for what `update` and `touch` change, and what they do not change. */
export function addChangeCases(add: AddCase): void {
  add("update replaces the data and both times, also with earlier times", async (store) => {
    const id = newId();
    const first = newRecord({ data: { a: 1 } });
    await store.create(id, first);
    const { lastSeenAt, expiresAt } = first;
    for (const [revision, by] of [-9, 9].entries()) {
      const changed = { data: { by }, lastSeenAt: lastSeenAt + by, expiresAt: expiresAt + by };
      assert.equal(await store.update(id, { ...changed, revision }), true);
      assert.deepEqual(await store.read(id), { ...first, ...changed, revision: revision + 1 });
    }
  });
  add("update never changes the kind, the user or the creation time", async (store) => {
    for (const kind of KINDS) {
      for (const userId of [newId(), null]) {
        const [id, other] = [newId(), newId()];
        const record = newRecord({ kind, userId, data: { a: 1 } });
        await store.create(id, record);
        const wrong = { kind: "other", userId: other, createdAt: record.createdAt - 9 };
        await store.update(id, { ...record, ...wrong }).catch(() => {});
        const read = (await store.read(id))!;
        assert.deepEqual({ ...read, revision: 0 }, record);
        assert.deepEqual(await store.destroy(id), read);
      }
    }
  });
  add("update with the revision that was read succeeds, and raises the revision by one", async (store) => {
    const id = newId();
    const record = newRecord({ userId: newId(), data: { a: 1 } });
    await store.create(id, record);
    for (const _ of [1, 2]) assert.equal(await store.update(id, (await store.read(id))!), true);
    assert.deepEqual(await store.read(id), { ...record, revision: 2 });
  });
  add("update with a revision that is not the stored one returns false, and writes nothing", async (store) => {
    const id = newId();
    const first = newRecord({ userId: newId(), data: { by: "first" } });
    await store.create(id, first);
    for (const revision of [1, 2, 10]) assert.equal(await store.update(id, { ...first, revision }), false);
    assert.deepEqual(await store.read(id), first);
    const second = { ...first, data: { by: "second" } };
    assert.equal(await store.update(id, second), true);
    const late = { ...first, data: { by: "late" }, expiresAt: first.expiresAt + HOUR };
    assert.equal(await store.update(id, late), false);
    assert.deepEqual(await store.read(id), { ...second, revision: 1 });
  });
  add("touch does not change the revision", async (store) => {
    const id = newId();
    const record = newRecord();
    await store.create(id, record);
    await store.touch(id, { lastSeenAt: record.lastSeenAt + 1, expiresAt: record.expiresAt + 1 });
    assert.equal(await store.update(id, record), true);
  });
  add("touch moves both times, and changes nothing else", async (store) => {
    const id = newId();
    const record = newRecord({ userId: newId(), data: { a: 1 } });
    await store.create(id, record);
    const seen = { lastSeenAt: record.lastSeenAt + 1000, expiresAt: record.expiresAt + 1000 };
    assert.equal(await store.touch(id, { ...seen, userId: null, data: {}, createdAt: 1 } as typeof seen), true);
    assert.deepEqual(await store.read(id), { ...record, ...seen });
  });
  add("touch never moves either time back", async (store) => {
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
  add("a touched record exists until its new expiry", async (store) => {
    const id = newId();
    const record = newRecord({ expiresAt: Date.now() + HOUR });
    await store.create(id, record);
    await store.touch(id, { lastSeenAt: Date.now(), expiresAt: record.expiresAt + HOUR });
    await at(record.expiresAt, async () => assert.notEqual(await store.read(id), null));
    await at(record.expiresAt + HOUR, async () => assert.equal(await store.read(id), null));
  });
  add("an updated record exists until its new expiry, earlier or later", async (store) => {
    for (const hours of [3, 1]) {
      const id = newId();
      const expiresAt = Date.now() + hours * HOUR;
      await store.create(id, newRecord({ expiresAt: Date.now() + 2 * HOUR }));
      await store.update(id, newRecord({ expiresAt }));
      await at(expiresAt - 1, async () => assert.notEqual(await store.read(id), null));
      await at(expiresAt, async () => assert.equal(await store.read(id), null));
    }
  });
  add("an update with a past expiry ends the record", async (store) => {
    const id = newId();
    await store.create(id, newRecord());
    await store.update(id, newRecord({ expiresAt: Date.now() }));
    assert.equal(await store.read(id), null);
    for (const revision of [0, 1]) assert.equal(await store.update(id, newRecord({ revision })), false);
  });
}

/** Adds the cases for concurrent updates and touches. */
export function addConcurrentChangeCases(add: AddCase, callers: number): void {
  add("no update or touch brings a record back, in 100 races with destroy", async (store) => {
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
  add("no update or touch brings an expired record back, in 100 races", async (store) => {
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
        assert.deepEqual(outcomes, [false, null, false, false]);
        assert.equal(await store.read(id), null);
      }
    });
  });
  add("exactly one of several concurrent updates of a revision succeeds, and is stored completely", async (store) => {
    const id = newId();
    await store.create(id, newRecord());
    for (const revision of [0, 1, 2]) {
      const outcomes = await together(callers, (i) => store.update(id, newRecord({ data: { a: i, b: i }, revision })));
      const won = outcomes.flatMap((outcome, i) => (outcome.status === "fulfilled" && outcome.value ? [i] : []));
      assert.equal(won.length, 1);
      const read = await store.read(id);
      assert.deepEqual([read?.data, read?.revision], [{ a: won[0], b: won[0] }, revision + 1]);
    }
  });
  add("no change is lost if each update uses the record that was read", async (store) => {
    const id = newId();
    await store.create(id, newRecord());
    const change = async (i: number) => {
      // An attempt fails only if another caller succeeded.
      for (let tries = 0; tries < callers; tries++) {
        const read = (await store.read(id))!;
        if (await store.update(id, { ...read, data: { ...read.data, [`by${i}`]: i } })) return;
      }
    };
    await Promise.all(Array.from({ length: callers }, (_, i) => change(i)));
    const read = await store.read(id);
    assert.equal(Object.keys(read?.data ?? {}).length, callers);
    assert.equal(read?.revision, callers);
  });
  add("after concurrent touches a record has the latest times", async (store) => {
    const id = newId();
    const record = newRecord();
    const { lastSeenAt, expiresAt } = record;
    await store.create(id, record);
    await together(callers, (i) => store.touch(id, { lastSeenAt: lastSeenAt + i, expiresAt: expiresAt + callers - i }));
    const latest = { lastSeenAt: lastSeenAt + callers - 1, expiresAt: expiresAt + callers };
    assert.deepEqual(await store.read(id), { ...record, ...latest });
  });
}
