import { RecordDamagedError, SessionExistsError } from "../../src/errors.js";
import { assertId } from "../../src/store/arguments.js";
import { undecodable } from "../undecodable.js";
import { type Column, TABLES } from "./columns.js";
import type { SqlDatabase, SqlRow, SqlValue } from "./database.js";
import { quoted, type SqlTablesOptions, tableName } from "./ddl.js";
import { Statements } from "./statements.js";

/** Rows that one step of `prune` removes at most. */
const PRUNE_BATCH = 500;
/** A step of `prune` may take this long, in milliseconds: no request waits for it. */
const PRUNE_TIMEOUT = 60_000;

/** The columns that both tables have, by their properties. */
export type ListedRow = { id: string; userId: string | null; data: string; createdAt: number; expiresAt: number };

/** How records of this kind are kept in rows. */
export interface Mapping<Row, R> {
  toRow(id: string, record: R): Row;
  fromRow(row: Row): R;
}

/** What an UPDATE sets, by property: values, or SQL with values of its own. */
type Changes = Record<string, SqlValue | { sql: string; values: SqlValue[] }>;

/** An UPDATE of one row. */
interface Update<Row> {
  /** Only a row in this state is updated. */
  state: "live" | "expired";
  changes: Changes;
  /** Only a row with these values is updated. */
  expected?: Partial<Row>;
  /**
   * Does a row have the new values already? Without the flag FOUND_ROWS, MySQL does not count a row whose values stay the same, so then
   * the store looks at the row. Needed only if the values can stay the same.
   */
  isDone?: ((found: Row) => boolean) | undefined;
}

/** Where a SqlTable is. */
export interface SqlTableOptions extends SqlTablesOptions {
  table: keyof typeof TABLES;
  /** For each statement, in milliseconds. */
  timeout: number;
}

/** A table of records that have an id, a user and an expiry. Each method is one statement, except where it says so. */
export class SqlTable<Row extends ListedRow, R> {
  readonly #statements: Statements;
  readonly #pruning: Statements;
  readonly #mapping: Mapping<Row, R>;
  readonly #columns: readonly Column[];
  readonly #isMySql: boolean;
  readonly #name: string;
  readonly #select: string;
  readonly #insert: string;

  constructor(database: SqlDatabase, { table, timeout, ...options }: SqlTableOptions, mapping: Mapping<Row, R>) {
    const { dialect } = database;
    this.#statements = new Statements(database, timeout);
    this.#pruning = new Statements(database, Math.max(timeout, PRUNE_TIMEOUT));
    this.#mapping = mapping;
    this.#columns = TABLES[table];
    this.#isMySql = dialect === "mysql";
    this.#name = tableName(dialect, table, options);
    // Names of one word each: query builders have plugins that turn snake_case into camelCase, and the reverse.
    const selected = this.#columns.map(({ name, property }) => `${quoted(dialect, name)} AS ${property.toLowerCase()}`);
    this.#select = `SELECT ${selected.join(", ")} FROM ${this.#name}`;
    const names = this.#columns.map(({ name }) => name);
    const insert = (as: string) =>
      `INSERT INTO ${this.#name}${as} (${names.join(", ")}) VALUES (${names.map(() => "?").join(", ")})`;
    const taken = names.filter((name) => name !== "id").map((name) => `${name} = excluded.${name}`);
    this.#insert = this.#isMySql
      ? insert("")
      : `${insert(" AS kept")} ON CONFLICT (id) DO UPDATE SET ${taken.join(", ")} WHERE kept.expires_at <= ?`;
  }

  /** Inserts a record. An expired row that was not pruned yet counts as absent, and is replaced. */
  async create(id: string, record: R): Promise<void> {
    assertId("id", id);
    const row = this.#mapping.toRow(id, record);
    const created = await (this.#isMySql ? this.#createOnMySql(id, row) : this.#createOrReplace(row));
    if (!created) throw new SessionExistsError();
  }

  async read(id: string): Promise<R | null> {
    assertId("id", id);
    const row = await this.#row(id);
    return row && row.expiresAt > Date.now() ? this.#mapping.fromRow(row) : null;
  }

  /** Replaces a live record if the columns have these values. */
  async replace(id: string, record: R, expected: Partial<Row>): Promise<boolean> {
    assertId("id", id);
    const row = this.#mapping.toRow(id, record);
    // A row that has other values afterwards always counts.
    const isDone = hasValues(row, expected) ? (found: Row) => hasValues(found, row) : undefined;
    return this.#update(id, { state: "live", changes: row, expected, isDone });
  }

  /** Moves columns of a live record forward, never back. */
  async raise(id: string, instants: Partial<Row>): Promise<boolean> {
    assertId("id", id);
    const changes: Changes = {};
    for (const { property, name } of this.#columns) {
      const instant = instants[property as keyof Row] as number | undefined;
      if (instant === undefined) continue;
      changes[property] = { sql: `CASE WHEN ${name} < ? THEN ? ELSE ${name} END`, values: [instant, instant] };
    }
    const isDone = (found: Row) =>
      Object.entries(instants).every(([property, instant]) => (found[property as keyof Row] as number) >= instant);
    return this.#update(id, { state: "live", changes, isDone });
  }

  async destroy(id: string): Promise<boolean> {
    assertId("id", id);
    const sql = `DELETE FROM ${this.#name} WHERE id = ? AND expires_at > ?`;
    return (await this.#statements.run(sql, [id, Date.now()])) > 0;
  }

  async listByUser(userId: string): Promise<Array<R & { id: string }>> {
    assertId("userId", userId);
    const sql = `${this.#select} WHERE user_id = ? AND expires_at > ? ORDER BY created_at DESC`;
    const rows = await this.#statements.all(sql, [userId, Date.now()]);
    return rows.map((row) => this.#rowOf(row)).map((row) => ({ id: row.id, ...this.#listed(row, userId) }));
  }

  async destroyByUser(userId: string, { except }: { except?: string } = {}): Promise<number> {
    assertId("userId", userId);
    if (except !== undefined) assertId("except", except);
    const sql = `DELETE FROM ${this.#name} WHERE user_id = ? AND expires_at > ?`;
    const now = Date.now();
    if (except === undefined) return this.#statements.run(sql, [userId, now]);
    return this.#statements.run(`${sql} AND id <> ?`, [userId, now, except]);
  }

  /** Two statements for each batch. The first locks nothing; the second finds its rows by their ids, so it locks no others. */
  async prune({ limit = Number.POSITIVE_INFINITY }: { limit?: number } = {}): Promise<number> {
    const now = Date.now();
    let removed = 0;
    let from = 0;
    while (removed < limit) {
      const size = Math.min(PRUNE_BATCH, limit - removed);
      // From the last batch on: an index still has the rows that were removed.
      const expired = `${this.#select} WHERE expires_at BETWEEN ? AND ? ORDER BY expires_at LIMIT ${size}`;
      const found = await this.#pruning.all(expired, [from, now]);
      if (found.length === 0) break;
      const rows = found.map((row) => this.#rowOf(row));
      from = rows.at(-1)!.expiresAt;
      // In one order, so that concurrent prunes do not deadlock.
      const ids = rows.map(({ id }) => id).sort();
      // Always of one length, so that a driver that keeps prepared statements keeps one.
      while (ids.length < size) ids.push(ids.at(-1)!);
      const list = ids.map(() => "?").join(", ");
      const sql = `DELETE FROM ${this.#name} WHERE id IN (${list}) AND expires_at <= ?`;
      removed += await this.#pruning.run(sql, [...ids, now]);
      if (rows.length < size) break;
      // An embedded database answers within the same turn of the event loop.
      await new Promise(setImmediate);
    }
    return removed;
  }

  async #createOrReplace(row: Row): Promise<boolean> {
    return (await this.#statements.run(this.#insert, [...this.#valuesOf(row), Date.now()])) > 0;
  }

  /**
   * With the flag FOUND_ROWS, MySQL gives the same count for an upsert that inserted a row and for one that changed nothing. So this is
   * an INSERT, and more statements only if it fails.
   */
  async #createOnMySql(id: string, row: Row): Promise<boolean> {
    try {
      return (await this.#statements.run(this.#insert, this.#valuesOf(row))) > 0;
    } catch (error) {
      if (this.#statements.isTransient(error)) throw error;
      const isDone = (found: Row) => hasValues(found, row);
      if (await this.#update(id, { state: "expired", changes: row, isDone })) return true;
      if (await this.#row(id)) return false;
      throw error;
    }
  }

  async #update(id: string, { state, changes, expected = {}, isDone }: Update<Row>): Promise<boolean> {
    const set: string[] = [];
    const where = ["id = ?", state === "live" ? "expires_at > ?" : "expires_at <= ?"];
    const now = Date.now();
    const values: SqlValue[] = [];
    const compared: SqlValue[] = [id, now];
    for (const { property, name } of this.#columns) {
      const change = changes[property];
      if (change !== undefined && property !== "id") {
        const isSql = typeof change === "object" && change !== null;
        set.push(`${name} = ${isSql ? change.sql : "?"}`);
        values.push(...(isSql ? change.values : [change]));
      }
      if (property in expected) {
        where.push(`${name} = ?`);
        compared.push(expected[property as keyof Row] as SqlValue);
      }
    }
    const sql = `UPDATE ${this.#name} SET ${set.join(", ")} WHERE ${where.join(" AND ")}`;
    if ((await this.#statements.run(sql, [...values, ...compared])) > 0) return true;
    if (!this.#isMySql || !isDone) return false;
    const found = await this.#row(id);
    return found !== null && found.expiresAt > now === (state === "live") && isDone(found);
  }

  async #row(id: string): Promise<Row | null> {
    const [row] = await this.#statements.all(`${this.#select} WHERE id = ?`, [id]);
    return row ? this.#rowOf(row) : null;
  }

  #listed(row: Row, userId: string): R {
    try {
      return this.#mapping.fromRow(row);
    } catch (error) {
      if (error instanceof RecordDamagedError) return undecodable(row.id, userId) as R;
      throw error;
    }
  }

  #valuesOf(row: Row): SqlValue[] {
    return this.#columns.map(({ property }) => row[property as keyof Row] as SqlValue);
  }

  /** Drivers give large numbers as numbers, texts or BigInts, and MySQL's bytes as bytes. */
  #rowOf(found: SqlRow): Row {
    const row: Record<string, unknown> = {};
    for (const { property, kind } of this.#columns) {
      const value = found[property.toLowerCase()];
      if (kind === "number") row[property] = Number(value);
      else row[property] = value instanceof Uint8Array ? Buffer.from(value).toString() : value;
    }
    return row as Row;
  }
}

function hasValues(row: object, wanted: object): boolean {
  return Object.entries(wanted).every(([property, value]) => row[property as keyof typeof row] === value);
}
