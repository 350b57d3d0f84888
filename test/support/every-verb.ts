import type { SessionRecord, SessionStore } from "latchkey";

/** One call of each method that every store must ask its backend for: for ann, whose session "a" is there. */
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
