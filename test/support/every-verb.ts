import type { RememberTokenRecord, RememberTokenStore, SessionRecord, SessionStore } from "latchkey";

/** One call of each verb that every store must ask its backend for: for ann, whose session "a" is there. */
export function everyVerb(store: SessionStore, record: () => SessionRecord): Array<() => Promise<unknown>> {
  return [
    () => store.create("b", record()),
    () => store.read("a"),
    () => store.update("a", record()),
    () => store.touch("a", record()),
    () => store.destroy("a"),
    () => store.listByUser("ann"),
    () => store.destroyByUser("ann"),
  ];
}

/** The same for remembered browsers: for ann's, "a". */
export function everyTokenVerb(
  store: RememberTokenStore,
  record: () => RememberTokenRecord,
): Array<() => Promise<unknown>> {
  return [
    () => store.create("b", record()),
    () => store.read("a"),
    () => store.rotate("a", record().tokenHash, record()),
    () => store.destroy("a"),
    () => store.listByUser("ann"),
    () => store.destroyByUser("ann"),
  ];
}
