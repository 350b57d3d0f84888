import assert from "node:assert/strict";
import type { SessionRecord } from "../../store/session-store.js";
import { type AddCase, listed, newId, newRecord } from "./case.js";

/**
 * Values that are not valid ids. Some of them can come from a query string or a JSON body. Others are values that an
 * SQL builder may run as SQL.
 */
const HOSTILE: unknown[] = [
  ...[undefined, null, "", 0, 1, true, [], ["a"], {}, { $ne: "" }, { id: "a" }],
  ...["a\u0000", "\ud83d"],
  ...[{ toString: () => "a" }, () => "a", Symbol("a"), new String("a"), Buffer.from("a")],
];
const NOT_KINDS = [...HOSTILE, "session ", "a b", "a:b", "%", "ä", "a".repeat(33)];
const NOT_LIMITS = [undefined, null, "1", Number.NaN, Number.POSITIVE_INFINITY, 1.5, 0, -1];

/** Adds the cases for ids: they are compared exactly and literally, and invalid ids are rejected. */
export function addIdCases(add: AddCase): void {
  add("ids are compared exactly by every method: case counts, and there are no wildcards", async (store) => {
    const id = `${newId()}aB`;
    const record = newRecord();
    await store.create(id, record);
    const others = [id.toLowerCase(), `${id} `, ` ${id}`, id.slice(0, -1), `${id}%`, `${id}*`];
    for (const end of ["_B", "?B", "[a]B", "äB", "a\u0308B"]) others.push(id.replace("aB", end));
    for (const other of others) {
      assert.equal(await store.read(other), null, `read(${JSON.stringify(other)}) found ${id}`);
      assert.equal(await store.update(other, { ...record, data: { other } }), false);
      assert.equal(await store.touch(other, { ...record, expiresAt: record.expiresAt + 1 }), false);
      assert.equal(await store.destroy(other), null);
      await store.create(other, newRecord());
    }
    assert.deepEqual(await store.read(id), record);
  });
  add("any string can be an id, and no character has a special meaning", async (store) => {
    for (const text of ["' OR '1'='1", "*", "%", "a:b:c", "__proto__", "constructor", "{}", "../x", "\u0001", "𝒳"]) {
      const id = `${text}${newId().slice(0, 8)}`;
      assert.equal(await store.read(id), null);
      await store.create(id, newRecord({ data: { id } }));
      assert.deepEqual((await store.read(id))?.data, { id });
      assert.deepEqual((await store.destroy(id))?.data, { id });
    }
  });
  add("rejects invalid ids with a TypeError", async (store) => {
    const bystander = newId();
    const record = newRecord();
    await store.create(bystander, record);
    for (const id of HOSTILE as string[]) {
      for (const call of [
        () => store.create(id, newRecord()),
        () => store.read(id),
        () => store.update(id, { ...record, data: { changed: true } }),
        () => store.touch(id, record),
        () => store.destroy(id),
      ]) {
        await assert.rejects(call, TypeError, `${String(call)} with ${typeof id}`);
      }
    }
    assert.deepEqual(await store.read(bystander), record);
  });
  add("an id belongs to one record, whatever its kind", async (store) => {
    const id = newId();
    const record = newRecord({ kind: "browser", userId: newId() });
    await store.create(id, record);
    await assert.rejects(store.create(id, newRecord({ kind: "session" })));
    await assert.rejects(store.create(id, newRecord({ kind: "session", userId: newId() })));
    assert.deepEqual(await store.read(id), record);
  });
}

/** Adds the cases for invalid records, updates and timestamps: they are rejected. */
export function addRecordArgumentCases(add: AddCase): void {
  add("rejects invalid records, updates and times with a TypeError, and changes nothing", async (store) => {
    const [id, fresh] = [newId(), newId()];
    const record = newRecord({ userId: newId(), data: { kept: true } });
    await store.create(id, record);
    const userIds = HOSTILE.filter((userId) => userId !== null).map((userId) => ({ userId }));
    const kinds = NOT_KINDS.map((kind) => ({ kind }));
    const revisions = [undefined, null, "1", Number.NaN, 1.5, -1].map((revision) => ({ revision }));
    const times = notInstants("lastSeenAt", "expiresAt");
    for (const parts of [...userIds, ...kinds, ...notInstants("createdAt"), ...notData(), ...times, ...revisions]) {
      const wrong = { ...newRecord(), ...parts } as SessionRecord;
      const what = Object.keys(parts).join();
      await assert.rejects(() => store.create(fresh, wrong), TypeError, `create, ${what}`);
    }
    for (const parts of [...notData(), ...times, ...revisions]) {
      const wrong = { ...newRecord(), ...parts } as SessionRecord;
      await assert.rejects(() => store.update(id, wrong), TypeError, `update, ${Object.keys(parts).join()}`);
    }
    for (const parts of times) {
      const wrong = { ...newRecord(), ...parts } as SessionRecord;
      await assert.rejects(() => store.touch(id, wrong), TypeError, `touch, ${Object.keys(parts).join()}`);
    }
    assert.equal(await store.read(fresh), null);
    assert.deepEqual(await store.read(id), record);
  });
}

/** Adds the cases for user ids and kinds: they are compared exactly, and invalid values are rejected. */
export function addUserIdCases(add: AddCase): void {
  add("user ids are compared exactly: case, accents and spaces count, and there are no wildcards", async (store) => {
    const base = newId();
    const users = [`${base}a`, `${base}A`, `${base}ä`, `${base}a\u0308`, `${base}a `, `${base}:a`, `@${base}@a`];
    users.push(base, `${base}:`, `${base}:b`);
    users.push(`${base}%`, `${base}*`, `${base}_`, `${base}?`, `${base}[a]`, `${base}\\`, `*${base}*`);
    const digits = String(BigInt(`0x${base}`));
    users.push(digits, `0${digits}`, `${digits}.0`, `${digits.slice(0, -1)}${(Number(digits.at(-1)) + 1) % 10}`);
    for (const last of ["佐", "藤"]) users.push(`${base}${"佐".repeat(222)}${last}`); // 255 characters
    for (const userId of users) await store.create(newId(), newRecord({ userId }));
    for (const userId of users) {
      const { records } = await store.listByUser(userId, { kind: "session", limit: 100 });
      assert.deepEqual(
        records.map((found) => found.userId),
        [userId],
      );
    }
    // In reverse order, so that each wildcard comes before the user ids that it would match.
    for (const userId of users.reverse()) {
      assert.equal((await store.destroyByUser(userId, { kind: "session", limit: 100 })).ended, 1, userId);
    }
  });
  add("kinds are compared exactly: case counts", async (store) => {
    const userId = newId();
    const kinds = ["session", "Session", "session-", "sessio"];
    const ids = kinds.map(() => newId());
    for (const [i, kind] of kinds.entries()) await store.create(ids[i]!, newRecord({ kind, userId }));
    for (const [i, kind] of kinds.entries()) assert.deepEqual(await listed(store, userId, kind), [ids[i]]);
    for (const kind of kinds) assert.equal((await store.destroyByUser(userId, { kind, limit: 100 })).ended, 1);
  });
  add("rejects invalid user ids, kinds, limits and list positions with a TypeError", async (store) => {
    const userId = newId();
    await store.create(newId(), newRecord({ userId }));
    const wrong: Array<[string, { kind: string; limit: number; after?: string }]> = [
      ...HOSTILE.map((hostile) => [hostile as string, { kind: "session", limit: 1 }] as never),
      ...NOT_KINDS.map((kind) => [userId, { kind, limit: 1 }] as never),
      ...NOT_LIMITS.map((limit) => [userId, { kind: "session", limit }] as never),
    ];
    for (const [user, options] of wrong) {
      await assert.rejects(() => store.listByUser(user, options), TypeError);
      await assert.rejects(() => store.destroyByUser(user, options), TypeError);
    }
    for (const after of HOSTILE.filter((hostile) => hostile !== undefined) as string[]) {
      await assert.rejects(() => store.listByUser(userId, { kind: "session", limit: 1, after }), TypeError);
    }
    assert.equal((await listed(store, userId)).length, 1);
  });
}

function notData(): object[] {
  return [undefined, null, "text", 1, [], ["a"], () => "raw()", { big: 1n }].map((data) => ({ data }));
}

function notInstants(...names: string[]): object[] {
  return names.flatMap((name) =>
    [undefined, null, "1", Number.NaN, Number.POSITIVE_INFINITY, 1.5, -1, 1e15, new Date(), () => "raw()"].map(
      (instant) => ({ [name]: instant }),
    ),
  );
}
