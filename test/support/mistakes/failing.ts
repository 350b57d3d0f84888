import { RecordDamagedError, SessionExistsError, type SessionStore } from "latchkey";
import type { PlainStore } from "../plain-store.js";
import type { Mistake } from "./mistake.js";

type Method = Exclude<keyof SessionStore, "lacks" | "prune">;

/** The result of each method when there is no record. */
const NOTHING: Record<Method, unknown> = {
  create: undefined,
  read: null,
  update: false,
  touch: false,
  destroy: null,
  listByUser: { records: [], damaged: [], next: null },
  destroyByUser: { ended: 0, more: false },
};

/** Mistakes when the backend fails, when arguments are checked, and in the `lacks` of a store. */
export const mistakenFailing: Record<string, Mistake> = {
  ...each(
    (method) => `${method} responds as if there were no record when the backend fails`,
    ["every method except prune rejects"],
    (plain, method) => {
      return (...args) => call(plain, method, args).catch((error) => unlessInvalid(error, () => NOTHING[method]));
    },
  ),
  "create treats every failure as a taken id": [
    (plain) => ({
      create: (...args) =>
        plain.create(...args).catch((error) =>
          unlessInvalid(error, () => {
            throw new SessionExistsError();
          }),
        ),
    }),
    ["every method except prune rejects"],
  ],
  "read treats every failure as a damaged record": [
    (plain) => ({
      read: (id) =>
        plain.read(id).catch((error) =>
          unlessInvalid(error, () => {
            throw new RecordDamagedError();
          }),
        ),
    }),
    ["every method except prune rejects"],
  ],
  ...each(
    (method) => `${method} calls the backend before it checks its arguments`,
    ["rejects invalid arguments"],
    (plain, method) => {
      return async (...args) => {
        plain.records.has("");
        return call(plain, method, args);
      };
    },
  ),
  "a store lists a feature in lacks that it has": [() => ({ lacks: ["listByUser"] }), ["lists exactly the expected"]],
  "a store without compare and set does not list it in lacks": [
    () => ({}),
    ["lists exactly the expected"],
    ["compareAndSet"],
  ],
  "a store without lists returns empty lists": [
    () => ({
      lacks: ["listByUser"],
      listByUser: async () => ({ records: [], damaged: [], next: null }),
      destroyByUser: async () => ({ ended: 0, more: false }),
    }),
    ["listByUser and destroyByUser reject"],
    ["listByUser"],
  ],
};

type Call = (...args: unknown[]) => Promise<unknown>;

/** Makes the same mistake in each method. */
function each(
  name: (method: Method) => string,
  foundBy: string[],
  change: (plain: PlainStore, method: Method) => Call,
): Record<string, Mistake> {
  const mistakes = (Object.keys(NOTHING) as Method[]).map((method): [string, Mistake] => [
    name(method),
    [(plain) => ({ [method]: change(plain, method) }), foundBy],
  ]);
  return Object.fromEntries(mistakes);
}

function call(plain: PlainStore, method: Method, args: unknown[]): Promise<unknown> {
  return (plain[method] as Call)(...args);
}

/** Returns a result if the backend failed. Throws the error again if an argument is invalid or the id is taken. */
function unlessInvalid<T>(error: unknown, answer: () => T): T {
  if (error instanceof TypeError || error instanceof SessionExistsError) throw error;
  return answer();
}
