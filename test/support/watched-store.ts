import {
  type ListOptions,
  MemoryStore,
  type SessionRecord,
  type SessionStore,
  type SessionTimes,
  type SessionUpdate,
} from "latchkey";
import { storedSessions } from "./records.js";

type Method = Exclude<keyof SessionStore, "lacks">;

/** A method of SessionStore. The prefix is the kind of the record, unless the record is a session. */
export type Verb = `${"" | "browser." | "ended." | "alias."}${Method}`;

/** The kinds of all records that are not sessions, by id. */
const kinds = new Map<string, string>();

/** A store that records each call before it calls the inner store. A test can make a call wait, fail, hang or throw. */
export class WatchedStore implements SessionStore {
  /** The calls in order. */
  calls: Verb[] = [];
  /** Runs before each call. A promise delays the call. A rejection or an exception makes the call fail. */
  before: (verb: Verb) => unknown = () => undefined;

  constructor(readonly inner: SessionStore = new MemoryStore()) {}

  get lacks() {
    return this.inner.lacks ?? [];
  }

  create(id: string, record: SessionRecord) {
    if (record.kind !== "session") kinds.set(id, record.kind);
    return this.#pass("create", kinds.get(id), () => this.inner.create(id, record));
  }
  read(id: string) {
    return this.#pass("read", kinds.get(id), () => this.inner.read(id));
  }
  update(id: string, update: SessionUpdate) {
    return this.#pass("update", kinds.get(id), () => this.inner.update(id, update));
  }
  touch(id: string, times: SessionTimes) {
    return this.#pass("touch", kinds.get(id), () => this.inner.touch(id, times));
  }
  destroy(id: string) {
    return this.#pass("destroy", kinds.get(id), () => this.inner.destroy(id));
  }
  listByUser(userId: string, options: ListOptions) {
    return this.#pass("listByUser", options.kind, () => this.inner.listByUser(userId, options));
  }
  destroyByUser(userId: string, options: { kind: string; limit: number }) {
    return this.#pass("destroyByUser", options.kind, () => this.inner.destroyByUser(userId, options));
  }
  prune(options?: { limit?: number }) {
    return this.#pass("prune", undefined, () => this.inner.prune(options));
  }

  /** The number of sessions of these users, without the sessions of pending logins. */
  async countOf(...userIds: string[]): Promise<number> {
    const sessions = (await Promise.all(userIds.map((id) => storedSessions(this.inner, id)))).flat();
    return sessions.filter(({ data }) => !(data.auth as { pending?: true }).pending).length;
  }

  #pass<T>(method: Method, kind: string | undefined, call: () => Promise<T>): Promise<T> {
    return this.pass((kind === undefined || kind === "session" ? method : `${kind}.${method}`) as Verb, call);
  }

  protected pass<T>(verb: Verb, call: () => Promise<T>): Promise<T> {
    this.calls.push(verb);
    const waiting = this.before(verb);
    return waiting instanceof Promise ? waiting.then(call) : call();
  }
}
