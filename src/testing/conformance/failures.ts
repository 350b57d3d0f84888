import assert from "node:assert/strict";
import { isLatchkeyError } from "../../errors.js";
import type { SessionStore } from "../../store/session-store.js";
import { newId, newRecord, type StoreCase } from "./case.js";

/** Adds the cases for a backend that cannot be reached. */
export function addFailureCases(
  cases: StoreCase[],
  open: () => SessionStore | Promise<SessionStore>,
  hasUsers: boolean,
): void {
  cases.push({
    name: "every method except prune rejects when the backend fails",
    async run() {
      const store = await open();
      const record = newRecord();
      const page = { kind: "session", limit: 1 };
      const calls: Array<() => Promise<unknown>> = [
        () => store.create(newId(), record),
        () => store.read(newId()),
        () => store.update(newId(), record),
        () => store.touch(newId(), record),
        () => store.destroy(newId()),
      ];
      if (hasUsers) {
        calls.push(
          () => store.listByUser(newId(), page),
          () => store.destroyByUser(newId(), page),
        );
      }
      for (const call of calls) {
        await assert.rejects(call, (error) => {
          assert.ok(!isLatchkeyError(error), `${String(call)} rejects with ${String(error)}`);
          return true;
        });
      }
    },
  });
  cases.push({
    name: "rejects invalid arguments before it calls the backend",
    async run() {
      const store = await open();
      const wrong = "" as never;
      const calls: Array<() => Promise<unknown>> = [
        () => store.create(newId(), { ...newRecord(), kind: wrong }),
        () => store.read(wrong),
        () => store.update(newId(), { ...newRecord(), data: wrong }),
        () => store.touch(newId(), { ...newRecord(), expiresAt: wrong }),
        () => store.destroy(wrong),
      ];
      if (hasUsers) {
        calls.push(
          () => store.listByUser(newId(), { kind: "session", limit: 0 }),
          () => store.destroyByUser(newId(), { kind: "session", limit: 0 }),
        );
      }
      for (const call of calls) await assert.rejects(call, TypeError, String(call));
    },
  });
}
