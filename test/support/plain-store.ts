import {
  assertId,
  assertRecord,
  assertRememberTokenRecord,
  assertSeen,
  type JsonObject,
  type RememberTokenRecord,
  type RememberTokenStore,
  SessionExistsError,
  type SessionRecord,
  type SessionStore,
} from "latchkey";

interface Listed {
  userId: string | null;
  data: JsonObject;
  createdAt: number;
  expiresAt: number;
}

/** What both contracts have in common in as few lines as it takes, for tests to break one of them. */
abstract class PlainRecords<R extends Listed> {
  readonly records = new Map<string, R>();

  async create(id: string, record: R): Promise<void> {
    if (this.find(id)) throw new SessionExistsError();
    this.put(id, record);
  }

  async read(id: string): Promise<R | null> {
    return structuredClone(this.find(id)) ?? null;
  }

  async destroy(id: string): Promise<boolean> {
    return this.find(id) !== undefined && this.records.delete(id);
  }

  async listByUser(userId: string): Promise<Array<R & { id: string }>> {
    assertId("userId", userId);
    const found = [...this.records].filter(([id, record]) => record.userId === userId && this.find(id));
    return found.map(([id, record]) => ({ id, ...structuredClone(record) })).sort((a, b) => b.createdAt - a.createdAt);
  }

  async destroyByUser(userId: string, { except }: { except?: string } = {}): Promise<number> {
    if (except !== undefined) assertId("except", except);
    const others = (await this.listByUser(userId)).filter(({ id }) => id !== except);
    return others.filter(({ id }) => this.records.delete(id)).length;
  }

  async prune({ limit = Number.POSITIVE_INFINITY }: { limit?: number } = {}): Promise<number> {
    const expired = [...this.records.keys()].filter((id) => !this.find(id)).slice(0, limit);
    return expired.filter((id) => this.records.delete(id)).length;
  }

  /** The live record. */
  find(id: string): R | undefined {
    assertId("id", id);
    const record = this.records.get(id);
    return record && record.expiresAt > Date.now() ? record : undefined;
  }

  put(id: string, record: R): void {
    assertId("id", id);
    this.check(record);
    this.records.set(id, { ...record, data: JSON.parse(JSON.stringify(record.data)) });
  }

  abstract check(record: R): void;
}

/** A record as the update that was given it stores it. */
export function next(record: SessionRecord): SessionRecord {
  return { ...record, revision: record.revision + 1 };
}

/** The contract of SessionStore. */
export class PlainStore extends PlainRecords<SessionRecord> implements SessionStore {
  /** A store with these methods in the place of its own, which they can use. */
  static with(change: (plain: PlainStore) => Partial<PlainStore>): PlainStore {
    return changed(new PlainStore(), change);
  }

  async update(id: string, record: SessionRecord): Promise<boolean> {
    this.check(record);
    if (this.find(id)?.revision !== record.revision) return false;
    this.put(id, next(record));
    return true;
  }

  async touch(id: string, seen: Pick<SessionRecord, "lastSeenAt" | "expiresAt">): Promise<boolean> {
    assertSeen(seen);
    const record = this.find(id);
    if (!record) return false;
    record.lastSeenAt = Math.max(record.lastSeenAt, seen.lastSeenAt);
    record.expiresAt = Math.max(record.expiresAt, seen.expiresAt);
    return true;
  }

  check(record: SessionRecord): void {
    assertRecord(record);
  }
}

/** The contract of RememberTokenStore. */
export class PlainRememberTokens extends PlainRecords<RememberTokenRecord> implements RememberTokenStore {
  /** A store with these methods in the place of its own, which they can use. */
  static with(change: (plain: PlainRememberTokens) => Partial<PlainRememberTokens>): PlainRememberTokens {
    return changed(new PlainRememberTokens(), change);
  }

  async rotate(id: string, tokenHash: string, record: RememberTokenRecord): Promise<boolean> {
    assertId("tokenHash", tokenHash);
    this.check(record);
    const found = this.find(id);
    if (found?.tokenHash !== tokenHash || found.userId !== record.userId) return false;
    this.put(id, record);
    return true;
  }

  check(record: RememberTokenRecord): void {
    assertRememberTokenRecord(record);
  }
}

function changed<S extends object>(plain: S, change: (plain: S) => Partial<S>): S {
  return Object.assign(Object.create(plain) as S, change(plain));
}
