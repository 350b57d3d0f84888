import { type SessionData, MemoryStore as TheirStore } from "express-session";
import { type JsonObject, MemoryStore, type SessionRecord } from "latchkey";
import { WatchedStore } from "../support/watched-store.js";

/** A kind of store call. Both stores use these names. */
export type Call = "read" | "write" | "touch" | "destroy";
type Callback = (error?: unknown, found?: SessionData | null) => void;

/** The sessions of one of the two middlewares. */
export abstract class Sessions {
  calls: Call[] = [];
  /** The error that each kind of call fails with. */
  failures: Partial<Record<Call, Error>> = {};
  /** Returns a promise that a call waits for, or undefined. */
  before: (call: Call) => Promise<void> | undefined = () => undefined;

  /** Returns the number of these calls since the last `take`, and resets all counts. */
  take(call: Call): number {
    const count = this.calls.filter((one) => one === call).length;
    this.calls = [];
    return count;
  }

  /** The content of every live session. */
  abstract all(): Promise<Array<Record<string, unknown>>>;
  /** When the only session expires in the store. */
  abstract endsAt(): Promise<number>;
  abstract clear(): Promise<void>;
  /** Writes values to every session. */
  abstract put(values: JsonObject): Promise<void>;

  protected async pass(call: Call): Promise<void> {
    this.calls.push(call);
    await this.before(call);
    const error = this.failures[call];
    if (error) throw error;
  }
}

/** Sessions in express-session's MemoryStore. */
export class TheirSessions extends Sessions {
  readonly store: TheirStore;

  constructor() {
    super();
    const pass = (call: Call, done: Callback | undefined, then: () => void) => {
      this.pass(call).then(then, (error) => done?.(error));
    };
    this.store = new (class extends TheirStore {
      override get(sid: string, done: Callback): void {
        pass("read", done, () => super.get(sid, done));
      }
      override set(sid: string, session: SessionData, done?: Callback): void {
        pass("write", done, () => super.set(sid, session, done));
      }
      override touch(sid: string, session: SessionData, done?: () => void): void {
        pass("touch", done as Callback, () => super.touch(sid, session, done));
      }
      override destroy(sid: string, done?: Callback): void {
        pass("destroy", done, () => super.destroy(sid, done));
      }
    })();
  }

  async all() {
    return Object.values(await this.#all()) as never;
  }

  async endsAt() {
    const [session] = Object.values(await this.#all());
    return new Date(session!.cookie.expires!).getTime();
  }

  clear(): Promise<void> {
    return new Promise((resolve) => this.store.clear(() => resolve()));
  }

  async put(values: JsonObject) {
    const plain = TheirStore.prototype.set;
    for (const [sid, session] of Object.entries(await this.#all())) {
      plain.call(this.store, sid, Object.assign(session, values) as SessionData);
    }
  }

  #all(): Promise<Record<string, SessionData>> {
    return new Promise((resolve) => {
      this.store.all!((_error, sessions) => resolve(sessions as Record<string, SessionData>));
    });
  }
}

/** Sessions in latchkey's MemoryStore. */
export class OurSessions extends Sessions {
  readonly store: WatchedStore;
  readonly #ids = new Set<string>();
  readonly #inner = new MemoryStore();

  constructor() {
    super();
    this.store = new WatchedStore(this.#inner);
    const create = this.store.create.bind(this.store);
    this.store.create = (id, record) => {
      this.#ids.add(id);
      return create(id, record);
    };
    const kinds: Record<string, Call> = { create: "write", update: "write" };
    this.store.before = (verb) => this.pass(kinds[verb] ?? (verb as Call));
  }

  async all() {
    return (await this.#all()).map(([, { data }]) => data);
  }

  async endsAt() {
    return (await this.#all())[0]![1].expiresAt;
  }

  async clear() {
    for (const id of this.#ids) await this.#inner.destroy(id);
  }

  async put(values: JsonObject) {
    for (const [id, record] of await this.#all()) {
      await this.#inner.update(id, { ...record, data: { ...record.data, ...values } });
    }
  }

  async #all(): Promise<Array<[string, SessionRecord]>> {
    const found: Array<[string, SessionRecord]> = [];
    for (const id of this.#ids) {
      const record = await this.#inner.read(id);
      if (record) found.push([id, record]);
    }
    return found;
  }
}
