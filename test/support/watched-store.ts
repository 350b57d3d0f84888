import {
  MemoryStore,
  type RememberTokenRecord,
  type RememberTokenStore,
  type SessionRecord,
  type SessionStore,
} from "latchkey";

/** A verb of SessionStore, or one of its RememberTokenStore. */
export type Verb = Exclude<keyof SessionStore, "rememberTokens"> | `rememberTokens.${keyof RememberTokenStore}`;

/** A store that notes each call and can be made to wait, to fail, to hang or to throw before it passes the call on. */
export class WatchedStore implements SessionStore {
  /** The verbs that were called, in order. */
  calls: Verb[] = [];
  /** Runs before each call: a promise makes the call wait, a rejection or an exception makes it fail. */
  before: (verb: Verb) => unknown = () => undefined;

  /** Those of the inner store, likewise watched; only when asked for. */
  declare readonly rememberTokens?: RememberTokenStore;

  constructor(
    readonly inner: SessionStore = new MemoryStore(),
    { rememberTokens = false } = {},
  ) {
    if (rememberTokens) this.rememberTokens = this.#watched(inner.rememberTokens);
  }

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

  #watched(tokens: RememberTokenStore | undefined): RememberTokenStore {
    if (!tokens) throw new Error("the inner store keeps no remembered browsers");
    const pass = <T>(verb: keyof RememberTokenStore, call: () => Promise<T>) =>
      this.#pass(`rememberTokens.${verb}`, call);
    return {
      create: (id: string, record: RememberTokenRecord) => pass("create", () => tokens.create(id, record)),
      read: (id) => pass("read", () => tokens.read(id)),
      rotate: (id, hash, record) => pass("rotate", () => tokens.rotate(id, hash, record)),
      destroy: (id) => pass("destroy", () => tokens.destroy(id)),
      listByUser: (userId) => pass("listByUser", () => tokens.listByUser(userId)),
      destroyByUser: (userId, options) => pass("destroyByUser", () => tokens.destroyByUser(userId, options)),
      prune: (options) => pass("prune", () => tokens.prune(options)),
    };
  }

  #pass<T>(verb: Verb, call: () => Promise<T>): Promise<T> {
    this.calls.push(verb);
    const waiting = this.before(verb);
    return waiting instanceof Promise ? waiting.then(call) : call();
  }
}
