import assert from "node:assert/strict";
import { isLatchkeyError } from "../../errors.js";
import type { SessionRecord } from "../../store/session-store.js";
import { type AddCase, at, HOUR, KINDS, newId, newRecord, together } from "./case.js";

export const CALLERS = 20;

/** Adds the cases for concurrent creates, destroys and prunes. */
export function addConcurrencyCases(add: AddCase): void {
  add(`exactly one of ${CALLERS} concurrent creates of a free id succeeds`, async (store) => {
    const id = newId();
    await oneCreates((i) => store.create(id, newRecord({ data: { i } })));
    assert.equal(typeof (await store.read(id))?.data.i, "number");
  });
  add(`exactly one of ${CALLERS} concurrent creates of the id of an expired record succeeds`, async (store) => {
    const id = newId();
    const expiresAt = Date.now() + HOUR;
    await store.create(id, newRecord({ expiresAt }));
    await at(expiresAt, async () => {
      const winner = await oneCreates((i) => store.create(id, newRecord({ data: { i } })));
      assert.deepEqual((await store.read(id))?.data, { i: winner });
    });
  });
  add(`exactly one of ${CALLERS} concurrent destroys of a record returns it`, async (store) => {
    const [id, record] = [newId(), newRecord({ userId: newId() })];
    await store.create(id, record);
    const got = (await together(CALLERS, () => store.destroy(id))).map(gotten);
    assert.deepEqual(
      got.filter((one) => one !== null),
      [record],
    );
    assert.equal(await store.read(id), null);
  });
  add("destroy returns the record with every update that succeeded, in 100 races", async (store) => {
    for (let i = 0; i < 100; i++) {
      const [id, record] = [newId(), newRecord({ userId: newId(), data: { updated: false } })];
      await store.create(id, record);
      const update = () => store.update(id, { ...record, data: { updated: true } });
      const early = i % 2 ? store.destroy(id) : null;
      const [updated, ended] = await Promise.all([update(), early ?? store.destroy(id)]);
      assert.deepEqual([ended?.data, ended?.revision], [{ updated }, updated ? 1 : 0]);
    }
  });
  add("8 concurrent prunes remove each expired record of any kind exactly once, and no live records", async (store) => {
    const later = Date.now() + 10 * HOUR;
    const live = newId();
    await store.create(live, newRecord({ expiresAt: later + HOUR }));
    await at(later, async () => void (await store.prune()));
    for (let i = 0; i < 60; i++) {
      await store.create(newId(), newRecord({ kind: KINDS[i % 3]!, userId: i % 2 ? newId() : null }));
    }
    await at(later, async () => {
      const counts = await Promise.all(Array.from({ length: 8 }, () => store.prune()));
      const total = counts.reduce((sum, count) => sum + count, 0);
      // If the backend removes expired records by itself, there are none to prune.
      assert.ok(total === 60 || total === 0, `${total} of 60`);
      assert.equal(await store.prune(), 0);
      assert.notEqual(await store.read(live), null);
    });
  });
}

/** Returns the index of the create that succeeded. All others must reject with SessionExistsError. */
async function oneCreates(create: (i: number) => Promise<void>): Promise<number> {
  const outcomes = await together(CALLERS, create);
  const losers = outcomes.filter((outcome) => outcome.status === "rejected");
  assert.equal(losers.length, CALLERS - 1);
  for (const { reason } of losers) assert.ok(isLatchkeyError(reason, "session_exists"), String(reason));
  return outcomes.findIndex((outcome) => outcome.status === "fulfilled");
}

function gotten(outcome: PromiseSettledResult<SessionRecord | null>): SessionRecord | null {
  if (outcome.status === "fulfilled") return outcome.value;
  throw outcome.reason;
}
