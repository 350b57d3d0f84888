import assert from "node:assert/strict";
import { isLatchkeyError } from "../../errors.js";
import { type AddCase, at, HOUR, newId, together } from "./case.js";
import type { KeepingStore, Kind } from "./kind.js";

export const CALLERS = 20;

/** What many callers at once must not do to a record. */
export function addConcurrencyCases<S extends KeepingStore>(add: AddCase<S>, { newRecord }: Kind<S>): void {
  add(`of ${CALLERS} concurrent creates of an id one succeeds`, async (store) => {
    const id = newId();
    await oneCreates((i) => store.create(id, newRecord({ data: { i } })));
    assert.equal(typeof (await store.read(id))?.data.i, "number");
  });
  add(`of ${CALLERS} concurrent creates of an id whose record is over one succeeds`, async (store) => {
    const id = newId();
    const expiresAt = Date.now() + HOUR;
    await store.create(id, newRecord({ expiresAt }));
    await at(expiresAt, async () => {
      const winner = await oneCreates((i) => store.create(id, newRecord({ data: { i } })));
      assert.deepEqual((await store.read(id))?.data, { i: winner });
    });
  });
  add(`of ${CALLERS} concurrent destroys of a record one is told that it ended it`, async (store) => {
    const id = newId();
    await store.create(id, newRecord());
    const outcomes = await together(CALLERS, () => store.destroy(id));
    assert.equal(outcomes.filter((outcome) => outcome.status === "fulfilled" && outcome.value).length, 1);
    assert.ok(outcomes.every((outcome) => outcome.status === "fulfilled"));
    assert.equal(await store.read(id), null);
  });
  add("8 concurrent prunes remove each expired record once, and no live one", async (store) => {
    const later = Date.now() + 10 * HOUR;
    const live = newId();
    await store.create(live, newRecord({ expiresAt: later + HOUR }));
    await at(later, async () => void (await store.prune()));
    for (let i = 0; i < 60; i++) await store.create(newId(), newRecord());
    await at(later, async () => {
      const counts = await Promise.all(Array.from({ length: 8 }, () => store.prune()));
      const total = counts.reduce((sum, count) => sum + count, 0);
      // A backend that removes expired records by itself leaves none to prune.
      assert.ok(total === 60 || total === 0, `${total} of 60`);
      assert.equal(await store.prune(), 0);
      assert.notEqual(await store.read(live), null);
    });
  });
}

/** Which of many creates succeeded; the others must be told that they did not. */
async function oneCreates(create: (i: number) => Promise<void>): Promise<number> {
  const outcomes = await together(CALLERS, create);
  const losers = outcomes.filter((outcome) => outcome.status === "rejected");
  assert.equal(losers.length, CALLERS - 1);
  for (const { reason } of losers) assert.ok(isLatchkeyError(reason, "session_exists"), String(reason));
  return outcomes.findIndex((outcome) => outcome.status === "fulfilled");
}
