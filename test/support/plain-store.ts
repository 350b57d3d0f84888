import {
  assertId,
  assertPage,
  assertRecord,
  assertTimes,
  assertUpdate,
  type JsonObject,
  type ListOptions,
  type RecordPage,
  SessionExistsError,
  type SessionRecord,
  type SessionStore,
  type SessionTimes,
  type SessionUpdate,
} from "latchkey";

/** The backend of a PlainStore. */
export type PlainBackend = Map<string, SessionRecord>;

/** A minimal correct SessionStore. Tests replace parts of it with mistakes. */
export class PlainStore implements SessionStore {
  declare readonly lacks?: NonNullable<SessionStore["lacks"]>;
  readonly records: PlainBackend;

  constructor(records: PlainBackend = new Map()) {
    this.records = records;
  }

  /** A store with some methods replaced. The replacements can call the original methods. */
  static with(change: (plain: PlainStore) => Partial<PlainStore>, records?: PlainBackend): PlainStore {
    const plain = new PlainStore(records);
    return Object.assign(Object.create(plain) as PlainStore, change(plain));
  }

  async create(id: string, record: SessionRecord): Promise<void> {
    assertId("id", id);
    assertRecord(record);
    if (this.find(id)) throw new SessionExistsError();
    this.insert(id, record);
  }

  async read(id: string): Promise<SessionRecord | null> {
    assertId("id", id);
    return copied(this.find(id)) ?? null;
  }

  async update(id: string, update: SessionUpdate): Promise<boolean> {
    assertId("id", id);
    assertUpdate(update);
    const record = this.find(id);
    if (record?.revision !== update.revision) return false;
    this.replace(id, record, update);
    return true;
  }

  async touch(id: string, times: SessionTimes): Promise<boolean> {
    assertId("id", id);
    assertTimes(times);
    const record = this.find(id);
    if (!record) return false;
    this.move(id, record, times);
    return true;
  }

  async destroy(id: string): Promise<SessionRecord | null> {
    assertId("id", id);
    const record = this.find(id);
    if (!record) return null;
    this.records.delete(id);
    return record;
  }

  async listByUser(userId: string, options: ListOptions): Promise<RecordPage> {
    assertPage(userId, options);
    const { kind, limit, after = "" } = options;
    const ids = this.idsOf(userId, kind).filter((id) => id > after);
    const page = ids.slice(0, limit);
    return {
      records: page.map((id) => ({ id, ...copied(this.find(id)!) })),
      damaged: [],
      next: ids.length > limit ? page.at(-1)! : null,
    };
  }

  async destroyByUser(
    userId: string,
    options: { kind: string; limit: number },
  ): Promise<{ ended: number; more: boolean }> {
    assertPage(userId, options);
    const ids = this.idsOf(userId, options.kind);
    const ended = ids.slice(0, options.limit).filter((id) => this.records.delete(id)).length;
    return { ended, more: ids.length > ended };
  }

  async prune({ limit = Number.POSITIVE_INFINITY }: { limit?: number } = {}): Promise<number> {
    return this.expired()
      .slice(0, limit)
      .filter((id) => this.records.delete(id)).length;
  }

  /** The live record under an id. */
  find(id: string): SessionRecord | undefined {
    const record = this.records.get(id);
    return record && record.expiresAt > Date.now() ? record : undefined;
  }

  insert(id: string, record: SessionRecord): void {
    this.put(id, record);
  }

  replace(id: string, record: SessionRecord, update: SessionUpdate): void {
    this.put(id, updated(record, update));
  }

  move(id: string, record: SessionRecord, times: SessionTimes): void {
    this.put(id, touched(record, times));
  }

  put(id: string, record: SessionRecord): void {
    this.records.set(id, copied(record));
  }

  /** The ids of a user's live records of a kind, in alphabetical order. */
  idsOf(userId: string, kind: string): string[] {
    const isOfUser = (id: string) => {
      const record = this.find(id);
      return record?.userId === userId && record.kind === kind;
    };
    return [...this.records.keys()].filter(isOfUser).sort();
  }

  /** The ids of all expired records. */
  expired(): string[] {
    return [...this.records.keys()].filter((id) => !this.find(id));
  }
}

/** A record after an update. */
export function updated(
  record: SessionRecord,
  { data, lastSeenAt, expiresAt, revision }: SessionUpdate,
): SessionRecord {
  return { ...record, data, lastSeenAt, expiresAt, revision: revision + 1 };
}

/** A record after a touch. */
export function touched(record: SessionRecord, { lastSeenAt, expiresAt }: SessionTimes): SessionRecord {
  return {
    ...record,
    lastSeenAt: Math.max(record.lastSeenAt, lastSeenAt),
    expiresAt: Math.max(record.expiresAt, expiresAt),
  };
}

function copied<R extends SessionRecord | undefined>(record: R): R {
  return record && { ...record, data: JSON.parse(JSON.stringify(record.data)) as JsonObject };
}
