import { MemoryStore, type SessionRecord, type SessionStore } from "latchkey";

/** A verb of SessionStore. */
export type Verb = keyof SessionStore;

/** A store that notes each call and can be made to wait, to fail, to hang or to throw before it passes the call on. */
export class WatchedStore implements SessionStore {
  /** The verbs that were called, in order. */
  calls: Verb[] = [];
  /** Runs before each call: a promise makes the call wait, a rejection or an exception makes it fail. */
  before: (verb: Verb) => unknown = () => undefined;

  constructor(readonly inner: SessionStore = new MemoryStore()) {}

  create(id: string, record: SessionRecord) {
    return this.#pass("create", () => this.inner.create(id, record));
  }
  read(id: string) {
    return this.#pass("read", () => this.inner.read(id));
  }
  update(id: string, record: SessionRecord) {
    return this.#pass("update", () => this.inner.update(id, record));
  }
  touch(id: string, seen: Pick<SessionRecord, "lastSeenAt" | "expiresAt">) {
    return this.#pass("touch", () => this.inner.touch(id, seen));
  }
  destroy(id: string) {
    return this.#pass("destroy", () => this.inner.destroy(id));
  }
  listByUser(userId: string) {
    return this.#pass("listByUser", () => this.inner.listByUser(userId));
  }
  destroyByUser(userId: string, options?: { except?: string }) {
    return this.#pass("destroyByUser", () => this.inner.destroyByUser(userId, options));
  }
  prune(options?: { limit?: number }) {
    return this.#pass("prune", () => this.inner.prune(options));
  }

  /** How many sessions these users have, without those of logins that are not complete. */
  async countOf(...userIds: string[]): Promise<number> {
    const sessions = (await Promise.all(userIds.map((id) => this.inner.listByUser(id)))).flat();
    return sessions.filter(({ data }) => !(data.auth as { pending?: true }).pending).length;
  }

  #pass<T>(verb: Verb, call: () => Promise<T>): Promise<T> {
    this.calls.push(verb);
    const waiting = this.before(verb);
    return waiting instanceof Promise ? waiting.then(call) : call();
  }
}
