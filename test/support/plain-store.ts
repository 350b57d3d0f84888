import {
  assertId,
  assertRecord,
  assertSeen,
  SessionExistsError,
  type SessionRecord,
  type SessionStore,
  type StoredSession,
} from "latchkey";

/** The contract in as few lines as it takes, for tests to break one of them. */
export class PlainStore implements SessionStore {
  readonly records = new Map<string, SessionRecord>();

  /** A store with these methods in the place of its own, which they can use. */
  static with(change: (plain: PlainStore) => Partial<PlainStore>): SessionStore {
    const plain = new PlainStore();
    return Object.assign(Object.create(plain) as PlainStore, change(plain));
  }

  async create(id: string, record: SessionRecord): Promise<void> {
    if (this.find(id)) throw new SessionExistsError();
    this.put(id, record);
  }

  async read(id: string): Promise<SessionRecord | null> {
    return structuredClone(this.find(id)) ?? null;
  }

  async update(id: string, record: SessionRecord): Promise<boolean> {
    assertRecord(record);
    if (!this.find(id)) return false;
    this.put(id, record);
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

  async destroy(id: string): Promise<boolean> {
    return this.find(id) !== undefined && this.records.delete(id);
  }

  async listByUser(userId: string): Promise<StoredSession[]> {
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
  find(id: string): SessionRecord | undefined {
    assertId("id", id);
    const record = this.records.get(id);
    return record && record.expiresAt > Date.now() ? record : undefined;
  }

  put(id: string, record: SessionRecord): void {
    assertId("id", id);
    assertRecord(record);
    this.records.set(id, { ...record, data: JSON.parse(JSON.stringify(record.data)) });
  }
}
