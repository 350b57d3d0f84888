import type { SessionStore } from "../store/session-store.js";
import { addIdCases, addSessionArgumentCases, addUserIdCases } from "./conformance/arguments.js";
import { newSuite, type StoreCase } from "./conformance/case.js";
import { addChangeCases, addConcurrentChangeCases } from "./conformance/changes.js";
import { addConcurrencyCases, CALLERS } from "./conformance/concurrency.js";
import { addExpiryCases } from "./conformance/expiry.js";
import { SESSIONS } from "./conformance/kind.js";
import { addRecordCases } from "./conformance/records.js";
import {
  addConcurrentUserCases,
  addMovingUserCases,
  addUnsupportedUserCases,
  addUserCases,
} from "./conformance/users.js";

export type { StoreCase } from "./conformance/case.js";

/** What the suite is told about a store. */
export interface StoreConformanceOptions {
  /** The store to prove, ready to use. It may hold other sessions, but nothing else may use it meanwhile. */
  store: () => SessionStore | Promise<SessionStore>;
  /** Leaves out the cases that a store without conditional writes or an index of users cannot keep. @default neither */
  lacks?: ReadonlyArray<"atomicity" | "users">;
}

/**
 * The contract of SessionStore as test cases, for authors of stores and any test runner. The cases are to run one after another,
 * for some of them move `Date.now`.
 *
 * ```ts
 * for (const { name, run } of storeConformance({ store: () => store })) it(name, run);
 * ```
 */
export function storeConformance({ store, lacks = [] }: StoreConformanceOptions): StoreCase[] {
  const { cases, add } = newSuite(store);
  const atomic = !lacks.includes("atomicity");
  const users = !lacks.includes("users");
  addRecordCases(add, SESSIONS);
  addChangeCases(add);
  addExpiryCases(add, SESSIONS);
  addIdCases(add, SESSIONS);
  addSessionArgumentCases(add);
  if (atomic) {
    addConcurrencyCases(add, SESSIONS);
    addConcurrentChangeCases(add, CALLERS);
  }
  if (users) {
    addUserCases(add, SESSIONS);
    addMovingUserCases(add);
    addUserIdCases(add, SESSIONS);
  } else {
    addUnsupportedUserCases(add);
  }
  if (atomic && users) addConcurrentUserCases(add, SESSIONS);
  return cases;
}
