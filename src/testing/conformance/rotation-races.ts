import assert from "node:assert/strict";
import type { RememberTokenStore } from "../../store/remember-token-store.js";
import { type AddCase, HOUR, newId, together } from "./case.js";
import { newToken } from "./kind.js";

const ROTATES = 50;
const RACES = 100;

/** What many callers at once must not do to a remembered browser. */
export function addRotationRaceCases(add: AddCase<RememberTokenStore>): void {
  add(`of ${ROTATES} concurrent rotates of a token one succeeds, and its record is the one kept`, async (store) => {
    const id = newId();
    const first = newToken();
    await store.create(id, first);
    const expiresAt = first.expiresAt + HOUR;
    const records = Array.from({ length: ROTATES }, (_, i) =>
      newToken({ userId: first.userId, expiresAt, data: { i } }),
    );
    const outcomes = await together(ROTATES, (i) => store.rotate(id, first.tokenHash, records[i]!));
    assert.ok(outcomes.every((outcome) => outcome.status === "fulfilled"));
    const winners = records.filter((_, i) => (outcomes[i] as PromiseFulfilledResult<boolean>).value);
    assert.equal(winners.length, 1);
    assert.deepEqual(await store.read(id), winners[0]);
    assert.deepEqual(await store.listByUser(first.userId), [{ id, ...winners[0] }]);
  });
  add("concurrent rotates that keep the token leave one of them, whole", async (store) => {
    const id = newId();
    const first = newToken();
    await store.create(id, first);
    const rotate = (i: number) => store.rotate(id, first.tokenHash, { ...first, data: { a: i, b: i } });
    const outcomes = await together(20, rotate);
    assert.ok(outcomes.every((outcome) => outcome.status === "fulfilled" && outcome.value));
    const data = (await store.read(id))?.data;
    assert.equal(typeof data?.a, "number");
    assert.equal(data?.a, data?.b);
  });

  const ends: Record<string, (store: RememberTokenStore, id: string, userId: string) => Promise<unknown>> = {
    destroy: (store, id) => store.destroy(id),
    destroyByUser: async (store, _id, userId) => (await store.destroyByUser(userId)) === 1,
  };
  for (const [verb, end] of Object.entries(ends)) {
    add(`no rotate brings a record back that ${verb} ends, in ${RACES} races`, async (store) => {
      for (let i = 0; i < RACES; i++) {
        const id = newId();
        const first = newToken();
        const { userId, tokenHash } = first;
        const second = newToken({ userId, expiresAt: first.expiresAt + 1000 * HOUR });
        await store.create(id, first);
        const rotates = [() => store.rotate(id, tokenHash, second), () => store.rotate(id, second.tokenHash, first)];
        const [, , ended] = await Promise.all([
          rotates[0]!(),
          rotates[1]!(),
          end(store, id, userId),
          rotates[0]!(),
          rotates[1]!(),
        ]);
        assert.equal(ended, true);
        for (const rotate of rotates) assert.equal(await rotate(), false);
        assert.equal(await store.read(id), null);
        assert.deepEqual(await store.listByUser(userId), []);
      }
    });
  }
}
