import assert from "node:assert/strict";
import type { RememberTokenStore } from "../../store/remember-token-store.js";
import { type AddCase, at, HOUR, newId } from "./case.js";
import { newToken } from "./kind.js";

/** What `rotate` does to a remembered browser, and does not. */
export function addRotationCases(add: AddCase<RememberTokenStore>): void {
  add("rotate replaces a record, all of it, and keeps it listed", async (store) => {
    const [id, newer] = [newId(), newId()];
    const first = newToken({ data: { a: 1 } });
    const { userId, createdAt, expiresAt } = first;
    await store.create(id, { ...first, createdAt: createdAt - 9 });
    await store.create(newer, newToken({ userId, createdAt: createdAt - 5 }));
    for (const [by, data] of [
      [-7, { b: 2 }],
      [7, {}],
    ] as const) {
      const { tokenHash } = (await store.read(id))!;
      const record = newToken({ userId, data, createdAt: createdAt + by, expiresAt: expiresAt + by });
      assert.equal(await store.rotate(id, tokenHash, record), true);
      assert.deepEqual(await store.read(id), record);
      const listed = await store.listByUser(userId);
      assert.deepEqual(
        listed.map((one) => one.id),
        by > 0 ? [id, newer] : [newer, id],
      );
      assert.deepEqual(
        listed.find((one) => one.id === id),
        { id, ...record },
      );
    }
  });
  add("rotate that keeps the token replaces the rest, or nothing", async (store) => {
    const id = newId();
    const first = newToken();
    await store.create(id, first);
    for (const data of [{ a: 1 }, { a: 1 }, { b: 2 }, {}, {}]) {
      const record = { ...first, data };
      assert.equal(await store.rotate(id, first.tokenHash, record), true);
      assert.deepEqual(await store.read(id), record);
    }
  });
  add("rotate of a token that was replaced gives false, and changes nothing", async (store) => {
    const id = newId();
    const first = newToken();
    const { userId, expiresAt } = first;
    const [second, third] = [1, 2].map((by) => newToken({ userId, expiresAt: expiresAt + by })) as [
      typeof first,
      typeof first,
    ];
    await store.create(id, first);
    await store.rotate(id, first.tokenHash, second);
    for (const tokenHash of [first.tokenHash, third.tokenHash, newId()]) {
      for (const record of [first, second, third])
        assert.equal(await store.rotate(id, tokenHash, record), false, "it was rotated");
      assert.deepEqual(await store.read(id), second);
    }
    assert.equal(await store.rotate(id, second.tokenHash, third), true);
    assert.deepEqual(await store.read(id), third);
  });
  add("tokens are compared exactly, with case, accents and spaces, and literally", async (store) => {
    const id = newId();
    const base = newId().slice(0, 20);
    const tokens = [`${base}a`, `${base}A`, `${base}ä`, `${base}a\u0308`, `${base}a `, ` ${base}a`, `${base}%`];
    tokens.push(`${base}_`, `${base}\n`, `${base}`, "' OR '1'='1", "*", "{}", "__proto__", "a\nb", "佐藤 𝒳");
    const { userId } = newToken();
    await store.create(id, newToken({ userId, tokenHash: tokens[0]! }));
    for (const [i, tokenHash] of tokens.entries()) {
      const record = newToken({ userId, tokenHash, data: { i } });
      await store.destroy(id);
      await store.create(id, record);
      assert.deepEqual(await store.read(id), record);
      for (const other of tokens.filter((one) => one !== tokenHash))
        assert.equal(await store.rotate(id, other, newToken({ userId })), false, JSON.stringify([tokenHash, other]));
      assert.deepEqual(await store.read(id), record);
      assert.equal(await store.rotate(id, tokenHash, newToken({ userId })), true, JSON.stringify(tokenHash));
    }
  });
  add("rotate never gives a record to another user", async (store) => {
    const id = newId();
    const record = newToken({ userId: `${newId()}a`, data: { kept: true } });
    await store.create(id, record);
    const { userId } = record;
    for (const other of [newId(), userId.toUpperCase(), `${userId} `, userId.slice(0, -1), userId.replace(/a$/, "ä")]) {
      const rotated = await store.rotate(id, record.tokenHash, newToken({ userId: other })).catch((error) => error);
      assert.ok(rotated === false || rotated instanceof TypeError, String(rotated));
      assert.deepEqual(await store.read(id), record);
      assert.deepEqual(await store.listByUser(other), []);
    }
    assert.deepEqual(await store.listByUser(userId), [{ id, ...record }]);
  });
  add("a rotated record lives to its new expiry, later or earlier", async (store) => {
    for (const hours of [1000, 3, 1]) {
      const id = newId();
      const first = newToken({ expiresAt: Date.now() + 2 * HOUR });
      const expiresAt = Date.now() + hours * HOUR;
      await store.create(id, first);
      assert.equal(await store.rotate(id, first.tokenHash, { ...first, expiresAt }), true);
      const found = async () => [await store.read(id), ...(await store.listByUser(first.userId))];
      await at(expiresAt - 1, async () =>
        assert.deepEqual(await found(), [
          { ...first, expiresAt },
          { id, ...first, expiresAt },
        ]),
      );
      await at(expiresAt, async () => assert.deepEqual(await found(), [null]));
    }
  });
  add("a record that is over when it is rotated does not exist", async (store) => {
    const id = newId();
    const first = newToken();
    await store.create(id, first);
    await store.rotate(id, first.tokenHash, { ...first, expiresAt: Date.now() });
    assert.equal(await store.read(id), null);
    assert.equal(await store.rotate(id, first.tokenHash, first), false);
    assert.equal(await store.read(id), null);
  });
}
