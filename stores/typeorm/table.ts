import { Between, type DataSource, MoreThan } from "typeorm";
import { RecordDamagedError, SessionExistsError } from "../../src/errors.js";
import { assertId } from "../../src/store/arguments.js";
import { undecodable } from "../undecodable.js";
import { entityName, isMySql, type ListedRow } from "./schema.js";

const LARGEST_PRUNE_BATCH = 500;
const SMALLEST_PRUNE_BATCH = 10;
/** A statement of a prune that took longer than this, in milliseconds, is followed by a smaller one. */
const LONG_STATEMENT = 15;
const TRIES = 4;
/** Deadlocks, serialization failures, lock timeouts and busy files, by the drivers' names. */
const PASSING = new Set([
  "40001",
  "40P01",
  "55P03",
  "ER_LOCK_DEADLOCK",
  "ER_LOCK_WAIT_TIMEOUT",
  "SQLITE_BUSY",
  "SQLITE_LOCKED",
]);

/** What a row says of a record of this kind, and the reverse. */
interface Mapping<Row, R> {
  toRow(id: string, record: R): Row;
  fromRow(row: Row): R;
}

/** A table of records that have an id, a user and an expiry, and what failed because others were at it tried again. */
export class TypeOrmTable<Row extends ListedRow, R> {
  readonly #dataSource: DataSource;
  readonly #entity: string;
  readonly #mapping: Mapping<Row, R>;
  #select: string | undefined;

  constructor(dataSource: DataSource, tableName: string, mapping: Mapping<Row, R>) {
    this.#entity = entityName(tableName);
    if (!dataSource.hasMetadata(this.#entity)) {
      throw new TypeError(`dataSource does not know the table ${tableName}: put latchkeyEntities() into its entities`);
    }
    this.#dataSource = dataSource;
    this.#mapping = mapping;
  }

  async create(id: string, record: R): Promise<void> {
    assertId("id", id);
    const row = this.#mapping.toRow(id, record);
    try {
      await retried(() => this.#rows.insert(row as never));
    } catch (error) {
      if (isPassing(error) || !(await retried(() => this.#rows.findOneBy({ id } as never)))) throw error;
      // An expired row that was not pruned yet counts as absent, and is taken over.
      const takenOver = await this.#update(id, row, "expires_at <= :now");
      if (!takenOver) throw new SessionExistsError();
    }
  }

  async read(id: string): Promise<R | null> {
    assertId("id", id);
    const [raw] = await retried(() => this.#dataSource.query<Array<Record<string, unknown>>>(this.#selection, [id]));
    const row = raw && this.#hydrated(raw);
    return row && row.expiresAt > Date.now() ? this.#mapping.fromRow(row) : null;
  }

  /** Replaces a live record, where the condition holds too. */
  async replace(id: string, record: R, condition = "", parameters: object = {}): Promise<boolean> {
    assertId("id", id);
    return this.change(id, this.#mapping.toRow(id, record), condition, parameters);
  }

  /** Changes columns of a live record, where the condition holds too. */
  async change(id: string, changes: object, condition = "", parameters: object = {}): Promise<boolean> {
    assertId("id", id);
    return this.#update(id, changes, `expires_at > :now ${condition}`, parameters);
  }

  async destroy(id: string): Promise<boolean> {
    assertId("id", id);
    return (await this.#delete("id = :id AND expires_at > :now", { id })) > 0;
  }

  async listByUser(userId: string): Promise<Array<R & { id: string }>> {
    assertId("userId", userId);
    const live = { userId, expiresAt: MoreThan(Date.now()) };
    const rows = await retried(() => this.#rows.find({ where: live as never, order: { createdAt: "DESC" } as never }));
    return rows.map((row) => ({ id: row.id, ...this.#listed(row, userId) }));
  }

  async destroyByUser(userId: string, { except }: { except?: string } = {}): Promise<number> {
    assertId("userId", userId);
    if (except !== undefined) assertId("except", except);
    const others = except === undefined ? "" : "AND id <> :except";
    return this.#delete(`user_id = :userId AND expires_at > :now ${others}`, { userId, except });
  }

  async prune({ limit = Number.POSITIVE_INFINITY }: { limit?: number } = {}): Promise<number> {
    const now = Date.now();
    let removed = 0;
    let from = 0;
    for (let batch = SMALLEST_PRUNE_BATCH; removed < limit; ) {
      const start = performance.now();
      // By the index, and not again over the removed rows that it still holds.
      const where = { expiresAt: Between(from, now) } as never;
      const take = Math.min(batch, limit - removed);
      const select = { id: true, expiresAt: true } as never;
      const order = { expiresAt: "ASC" } as never;
      const rows = await retried(() => this.#rows.find({ select, where, order, take }));
      if (rows.length === 0) break;
      from = rows.at(-1)!.expiresAt;
      // In one order, so that processes which prune at once do not lock each other out.
      const ids = rows.map(({ id }) => id).sort();
      removed += await this.#delete("id IN (:...ids) AND expires_at <= :now", { ids });
      const long = performance.now() - start > LONG_STATEMENT;
      batch = long ? Math.max(SMALLEST_PRUNE_BATCH, batch >> 1) : Math.min(LARGEST_PRUNE_BATCH, batch + 10);
      // An embedded database answers within the same turn of the event loop.
      await new Promise(setImmediate);
    }
    return removed;
  }

  async #update(id: string, changes: object, condition: string, parameters: object = {}): Promise<boolean> {
    const query = () =>
      this.#rows
        .createQueryBuilder()
        .update()
        .set(changes)
        .where(`id = :id AND ${condition}`, { ...parameters, id, now: Date.now() });
    if (!isMySql(this.#dataSource.options.type)) return ((await retried(() => query().execute())).affected ?? 0) > 0;
    const sent = await retried(() => this.#dataSource.query(...query().getQueryAndParameters()));
    return matchedRows(sent) > 0;
  }

  async #delete(condition: string, parameters: object): Promise<number> {
    const query = () =>
      this.#rows
        .createQueryBuilder()
        .delete()
        .where(condition, { ...parameters, now: Date.now() });
    return (await retried(() => query().execute())).affected ?? 0;
  }

  #listed(row: Row, userId: string): R {
    try {
      return this.#mapping.fromRow(row);
    } catch (error) {
      if (error instanceof RecordDamagedError) return undecodable(row.id, userId) as R;
      throw error;
    }
  }

  /** A row as TypeORM would give it, of one that its driver gave. */
  #hydrated(raw: Record<string, unknown>): Row {
    const { columns } = this.#rows.metadata;
    const { driver } = this.#dataSource;
    const values = columns.map((column) => [
      column.propertyName,
      driver.prepareHydratedValue(raw[column.propertyName], column),
    ]);
    return Object.fromEntries(values) as Row;
  }

  /** What reads a row by its id. It is made once: with `findOneBy`, TypeORM would take longer than the database. */
  get #selection(): string {
    if (this.#select) return this.#select;
    const query = this.#rows.createQueryBuilder("row").where("row.id = :id", { id: "" }).select([]);
    for (const { propertyName } of this.#rows.metadata.columns) query.addSelect(`row.${propertyName}`, propertyName);
    [this.#select] = query.getQueryAndParameters();
    return this.#select;
  }

  get #rows() {
    return this.#dataSource.getRepository<Row>(this.#entity);
  }
}

/**
 * How many rows an UPDATE found in MySQL and MariaDB. Where the driver's flag FOUND_ROWS was taken away they count only those that
 * it changed, and TypeORM passes on no more; the text that they send along begins, in any language, with those that it found.
 */
function matchedRows({ info, affectedRows }: { info?: string; affectedRows: number }): number {
  return Number(/\d+/.exec(info ?? "")?.[0] ?? affectedRows);
}

/** Tries again what failed because others were at it. */
async function retried<T>(work: () => Promise<T>): Promise<T> {
  for (let tried = 1; ; tried++) {
    try {
      return await work();
    } catch (error) {
      if (tried === TRIES || !isPassing(error)) throw error;
      await new Promise((resolve) => setTimeout(resolve, 2 ** tried * 5 * (0.5 + Math.random())));
    }
  }
}

function isPassing(error: unknown): boolean {
  const { code, driverError } = error as { code?: string; driverError?: { code?: string } };
  return PASSING.has(code ?? "") || PASSING.has(driverError?.code ?? "");
}
