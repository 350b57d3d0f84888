import { addIdCases, addUserIdCases } from "./conformance/arguments.js";
import type { AddCase, StoreCase } from "./conformance/case.js";
import { addConcurrencyCases } from "./conformance/concurrency.js";
import { addExpiryCases } from "./conformance/expiry.js";
import { addRecordCases } from "./conformance/records.js";
import { addConcurrentUserCases, addUnsupportedUserCases, addUserCases } from "./conformance/users.js";
import type { SessionStore } from "./session-store.js";

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
export function storeConformance({ store: open, lacks = [] }: StoreConformanceOptions): StoreCase[] {
  const cases: StoreCase[] = [];
  const add: AddCase = (name, run) => {
    cases.push({ name, run: async () => run(await open()) });
  };
  const atomic = !lacks.includes("atomicity");
  const users = !lacks.includes("users");
  addRecordCases(add);
  addExpiryCases(add);
  addIdCases(add);
  if (atomic) addConcurrencyCases(add);
  if (users) {
    addUserCases(add);
    addUserIdCases(add);
  } else {
    addUnsupportedUserCases(add);
  }
  if (atomic && users) addConcurrentUserCases(add);
  return cases;
}
