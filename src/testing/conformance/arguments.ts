import assert from "node:assert/strict";
import type { RememberTokenRecord, RememberTokenStore } from "../../store/remember-token-store.js";
import type { SessionRecord } from "../../store/session-store.js";
import { type AddCase, newId } from "./case.js";
import { type KeepingStore, type Kind, newRecord, newToken } from "./kind.js";

/** What a query string or a JSON body can make of an id, and what an SQL builder would run. */
const HOSTILE: unknown[] = [
  ...[undefined, null, "", 0, 1, true, [], ["a"], {}, { $ne: "" }, { id: "a" }],
  ...["a\u0000", "\ud83d"],
  ...[{ toString: () => "a" }, () => "a", Symbol("a"), new String("a"), Buffer.from("a")],
];

/** Ids are compared exactly, taken literally, and refused where they are no ids. */
export function addIdCases<S extends KeepingStore>(add: AddCase<S>, { newRecord, changes }: Kind<S>): void {
  add("ids are compared exactly, with their case, by every verb", async (store) => {
    const id = `${newId()}aB`;
    const record = newRecord();
    await store.create(id, record);
    const others = [id.toLowerCase(), `${id} `, ` ${id}`, id.slice(0, -1), `${id}%`, id.replace("aB", "_B")];
    for (const other of [...others, id.replace("aB", "äB"), id.replace("aB", "a\u0308B")]) {
      assert.equal(await store.read(other), null, `read(${JSON.stringify(other)}) found ${id}`);
      const changed = { ...record, data: { other }, expiresAt: record.expiresAt + 1 };
      for (const change of changes(store, other, changed)) assert.equal(await change(), false, String(change));
      assert.equal(await store.destroy(other), false);
      await store.create(other, newRecord());
    }
    assert.deepEqual(await store.read(id), record);
  });
  add("takes any text for an id literally", async (store) => {
    for (const text of ["' OR '1'='1", "*", "%", "a:b:c", "__proto__", "constructor", "{}", "../x", "\u0001", "𝒳"]) {
      const id = `${text}${newId().slice(0, 8)}`;
      assert.equal(await store.read(id), null);
      await store.create(id, newRecord({ data: { id } }));
      assert.deepEqual((await store.read(id))?.data, { id });
      assert.equal(await store.destroy(id), true);
    }
  });
  add("refuses ids that are not non-empty strings with a TypeError", async (store) => {
    const bystander = newId();
    const record = newRecord();
    await store.create(bystander, record);
    for (const id of HOSTILE as string[]) {
      for (const call of [
        () => store.create(id, newRecord()),
        () => store.read(id),
        ...changes(store, id, { ...record, data: { changed: true } }),
        () => store.destroy(id),
      ]) {
        await assert.rejects(call, TypeError, `${String(call)} with ${typeof id}`);
      }
    }
    assert.deepEqual(await store.read(bystander), record);
  });
}

/** What is no record of a session is refused. */
export function addSessionArgumentCases(add: AddCase): void {
  add("refuses a record that is none with a TypeError, and changes nothing", async (store) => {
    const [id, fresh] = [newId(), newId()];
    const record = newRecord({ userId: newId(), data: { kept: true } });
    await store.create(id, record);
    const userIds = HOSTILE.filter((userId) => userId !== null).map((userId) => ({ userId }));
    const revisions = [undefined, null, "1", Number.NaN, 1.5, -1].map((revision) => ({ revision }));
    const instants = notInstants("createdAt", "lastSeenAt", "expiresAt");
    for (const parts of [...userIds, ...notData(), ...instants, ...revisions]) {
      const wrong = { ...newRecord(), ...parts } as SessionRecord;
      const what = Object.keys(parts).join();
      await assert.rejects(() => store.create(fresh, wrong), TypeError, `create, ${what}`);
      await assert.rejects(() => store.update(id, wrong), TypeError, `update, ${what}`);
      if ("lastSeenAt" in parts || "expiresAt" in parts)
        await assert.rejects(() => store.touch(id, wrong), TypeError, `touch, ${what}`);
    }
    assert.equal(await store.read(fresh), null);
    assert.deepEqual(await store.read(id), record);
  });
}

/** What is no record of a remembered browser is refused, and what is no token. */
export function addTokenArgumentCases(add: AddCase<RememberTokenStore>): void {
  add("refuses a record that is none with a TypeError, and changes nothing", async (store) => {
    const [id, fresh] = [newId(), newId()];
    const record = newToken({ data: { kept: true } });
    await store.create(id, record);
    const texts = HOSTILE.flatMap((text) => [{ userId: text }, { tokenHash: text }]);
    for (const parts of [...texts, ...notData(), ...notInstants("createdAt", "expiresAt")]) {
      const wrong = { ...record, ...parts } as RememberTokenRecord;
      const what = Object.keys(parts).join();
      await assert.rejects(() => store.create(fresh, wrong), TypeError, `create, ${what}`);
      await assert.rejects(() => store.rotate(id, record.tokenHash, wrong), TypeError, `rotate, ${what}`);
    }
    assert.equal(await store.read(fresh), null);
    assert.deepEqual(await store.read(id), record);
  });
  add("rotate refuses tokens that are not non-empty strings with a TypeError, and changes nothing", async (store) => {
    const id = newId();
    const record = newToken();
    await store.create(id, record);
    for (const tokenHash of HOSTILE as string[])
      for (const one of [id, newId()])
        await assert.rejects(() => store.rotate(one, tokenHash, newToken(record)), TypeError, typeof tokenHash);
    assert.deepEqual(await store.read(id), record);
  });
}

/** User ids likewise. */
export function addUserIdCases<S extends KeepingStore>(add: AddCase<S>, { newRecord }: Kind<S>): void {
  add("user ids are compared exactly, with case, accents and spaces", async (store) => {
    const base = newId();
    const users = [`${base}a`, `${base}A`, `${base}ä`, `${base}a\u0308`, `${base}a `, `${base}%`, `${base}:a`];
    users.push(`${base}${"佐".repeat(223)}`); // 255 characters
    for (const userId of users) await store.create(newId(), newRecord({ userId }));
    for (const userId of users)
      assert.deepEqual(
        (await store.listByUser(userId)).map((found) => found.userId),
        [userId],
      );
    for (const userId of users) assert.equal(await store.destroyByUser(userId), 1, userId);
  });
  add("refuses user ids that are not non-empty strings with a TypeError", async (store) => {
    const userId = newId();
    await store.create(newId(), newRecord({ userId }));
    for (const hostile of HOSTILE as string[]) {
      await assert.rejects(() => store.listByUser(hostile), TypeError);
      await assert.rejects(() => store.destroyByUser(hostile), TypeError);
      if (hostile !== undefined)
        await assert.rejects(() => store.destroyByUser(userId, { except: hostile }), TypeError);
    }
    assert.equal((await store.listByUser(userId)).length, 1);
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
