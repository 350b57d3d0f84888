import type { Cookie, SessionData, Store } from "express-session";
import { RecordDamagedError, SessionExistsError, UnsupportedByStoreError } from "../../src/errors.js";
import type { JsonObject } from "../../src/json.js";
import { assertId, assertRecord, assertTimes, assertUpdate } from "../../src/store/arguments.js";
import type { SessionRecord, SessionStore, SessionTimes, SessionUpdate } from "../../src/store/session-store.js";
import { Turns } from "./turns.js";

/** The part of an express-session store that latchkey uses. */
export type ExpressSessionStoreLike = Pick<Store, "get" | "set" | "destroy">;

/** What the wrapped store saves for one session: the record, and a cookie from which the store reads the lifetime. */
interface Wrapped {
  cookie: { originalMaxAge: number; maxAge: number; expires: Date };
  record: JsonObject;
}

/**
 * Turns an express-session store, such as connect-mongo, connect-dynamodb or memorystore, into a SessionStore.
 *
 * An express-session store cannot do everything:
 * - `create`, `update` and `touch` first read the record and then write it, in two steps. Within one process, calls for
 *   the same session run one after another. If two processes use the same session within milliseconds, one may undo a
 *   change of the other, or bring back a session that the other has ended.
 * - `destroy` reads the record before it deletes it. If two processes call it at once, both may get the record.
 * - `listByUser` and `destroyByUser` reject with UnsupportedByStoreError. `prune` removes nothing: most of these stores
 *   remove expired sessions themselves.
 * - Remember cookies are stateless, because of these limits.
 */
export class ExpressSessionStore implements SessionStore {
  readonly lacks = ["compareAndSet", "listByUser"] as const;
  readonly #store: ExpressSessionStoreLike;
  readonly #turns = new Turns();

  constructor(store: ExpressSessionStoreLike) {
    for (const verb of ["get", "set", "destroy"] as const) {
      if (typeof store?.[verb] !== "function")
        throw new TypeError(`store must be an express-session store, but it has no ${verb}()`);
    }
    this.#store = store;
  }

  async create(id: string, record: SessionRecord): Promise<void> {
    assertId("id", id);
    assertRecord(record);
    const kept = { ...record, data: copyOf(record.data) };
    await this.#turns.take(id, async () => {
      if (await this.read(id)) throw new SessionExistsError();
      await this.#write(id, kept);
    });
  }

  async read(id: string): Promise<SessionRecord | null> {
    assertId("id", id);
    const found = (await settled((done) => this.#store.get(id, done)).catch((error: unknown) => {
      if (error instanceof SyntaxError) throw new RecordDamagedError(); // the store could not parse the record
      return unlessMissing(error);
    })) as Wrapped | null | undefined;
    const record = found?.record as unknown as SessionRecord | undefined;
    return record && record.expiresAt > Date.now() ? (structuredClone(record) as SessionRecord) : null;
  }

  async update(id: string, update: SessionUpdate): Promise<boolean> {
    assertId("id", id);
    assertUpdate(update);
    const { lastSeenAt, expiresAt, revision } = update;
    const next = { data: copyOf(update.data), lastSeenAt, expiresAt, revision: revision + 1 };
    return this.#turns.take(id, async () => {
      const record = await this.read(id);
      if (record?.revision !== revision) return false;
      await this.#write(id, { ...record, ...next });
      return true;
    });
  }

  async touch(id: string, times: SessionTimes): Promise<boolean> {
    assertId("id", id);
    assertTimes(times);
    return this.#turns.take(id, async () => {
      const record = await this.read(id);
      if (!record) return false;
      const lastSeenAt = Math.max(record.lastSeenAt, times.lastSeenAt);
      const expiresAt = Math.max(record.expiresAt, times.expiresAt);
      await this.#write(id, { ...record, lastSeenAt, expiresAt });
      return true;
    });
  }

  async destroy(id: string): Promise<SessionRecord | null> {
    assertId("id", id);
    return this.#turns.take(id, async () => {
      const record = await this.read(id).catch((error: unknown) => {
        if (error instanceof RecordDamagedError) return null;
        throw error;
      });
      await settled((done) => this.#store.destroy(id, done)).catch(unlessMissing);
      return record;
    });
  }

  async listByUser(): Promise<never> {
    throw new UnsupportedByStoreError("listByUser", "express-session stores cannot look up sessions by user");
  }

  async destroyByUser(): Promise<never> {
    throw new UnsupportedByStoreError("destroyByUser", "express-session stores cannot look up sessions by user");
  }

  async prune(): Promise<number> {
    return 0;
  }

  async #write(id: string, record: SessionRecord): Promise<void> {
    const maxAge = Math.max(record.expiresAt - Date.now(), 1000);
    const cookie = { originalMaxAge: maxAge, maxAge, expires: new Date(Date.now() + maxAge) };
    const wrapped: Wrapped = { cookie, record: record as unknown as JsonObject };
    await settled((done) => this.#store.set(id, wrapped as unknown as SessionData & { cookie: Cookie }, done));
  }
}

/** Returns a copy, so that later changes by the caller do not reach the wrapped store. */
function copyOf(data: JsonObject): JsonObject {
  return JSON.parse(JSON.stringify(data)) as JsonObject;
}

/** Turns a call that takes a callback into a promise. */
function settled(call: (done: (error?: unknown, value?: unknown) => void) => unknown): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const given = call((error, value) => (error ? reject(error) : resolve(value)));
    Promise.resolve(given).catch(reject); // some stores also return a promise, and reject it instead of calling back
  });
}

/**
 * Ignores ENOENT, the error that a file-based store throws for an absent session. express-session ignores it too.
 * Throws every other error again.
 */
function unlessMissing(error: unknown): undefined {
  if ((error as { code?: unknown } | null)?.code !== "ENOENT") throw error;
}
