import assert from "node:assert/strict";
import type { SessionStore } from "../store/session-store.js";
import { addIdCases, addRecordArgumentCases, addUserIdCases } from "./conformance/arguments.js";
import { type AddCase, newSuite, type StoreCase } from "./conformance/case.js";
import { addChangeCases, addConcurrentChangeCases } from "./conformance/changes.js";
import { addConcurrencyCases, CALLERS } from "./conformance/concurrency.js";
import { addExpiryCases } from "./conformance/expiry.js";
import { addFailureCases } from "./conformance/failures.js";
import { addRecordCases } from "./conformance/records.js";
import { addConcurrentUserCases, addUnsupportedUserCases, addUserCases } from "./conformance/users.js";

export type { StoreCase } from "./conformance/case.js";

/** Options of `storeConformance`. */
export interface StoreConformanceOptions {
  /**
   * Returns the store to test, ready to use. The store may contain other records, but nothing else may use it during
   * the tests.
   */
  store: () => SessionStore | Promise<SessionStore>;
  /**
   * Returns a store of the same kind whose backend fails at every call. Each method must reject, and must check its
   * arguments first.
   *
   * @default the cases for a failing backend are left out
   */
  failing?: (() => SessionStore | Promise<SessionStore>) | undefined;
  /**
   * The abilities that the store lacks, the same as its property `lacks`. The cases that need them are left out.
   *
   * @default nothing
   */
  lacks?: SessionStore["lacks"];
}

/**
 * Returns the contract of SessionStore as test cases, for any test runner. Run the cases one after another, because
 * some of them replace `Date.now`. One case waits for 2.5 seconds, because a test cannot change the clock of a backend.
 *
 * ```ts
 * for (const { name, run } of storeConformance({ store: () => store })) it(name, run);
 * ```
 */
export function storeConformance({ store, failing, lacks = [] }: StoreConformanceOptions): StoreCase[] {
  const { cases, add } = newSuite(store);
  const isAtomic = !lacks.includes("compareAndSet");
  const hasUsers = !lacks.includes("listByUser");
  addLacksCase(add, lacks);
  addRecordCases(add);
  addChangeCases(add);
  addExpiryCases(add, hasUsers);
  addIdCases(add);
  addRecordArgumentCases(add);
  if (failing) addFailureCases(cases, failing, hasUsers);
  if (isAtomic) {
    addConcurrencyCases(add);
    addConcurrentChangeCases(add, CALLERS);
  }
  if (hasUsers) {
    addUserCases(add);
    addUserIdCases(add);
  } else {
    addUnsupportedUserCases(add);
  }
  if (isAtomic && hasUsers) addConcurrentUserCases(add);
  return cases;
}

function addLacksCase(add: AddCase, lacks: readonly string[]): void {
  add("lists exactly the expected features in lacks", async (store) =>
    assert.deepEqual([...(store.lacks ?? [])].sort(), [...lacks].sort()),
  );
}
