import type { SessionRecord, SessionStore } from "latchkey";

/** One call of each method that always uses the backend. The store must have a session of ann's with the id "a". */
export function everyVerb(store: SessionStore, record: () => SessionRecord): Array<() => Promise<unknown>> {
  const sessions = { kind: "session", limit: 100 };
  return [
    () => store.create("b", record()),
    () => store.read("a"),
    () => store.update("a", record()),
    () => store.touch("a", record()),
    () => store.destroy("a"),
    () => store.listByUser("ann", sessions),
    () => store.destroyByUser("ann", sessions),
  ];
}
