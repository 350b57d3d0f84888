import { COLUMNS } from "./columns.js";
import type { SqlDialect } from "./database.js";
import { quoted, type SqlTablesOptions, tableName } from "./ddl.js";

/**
 * The statements of a SqlStore, with the placeholders of its dialect. The brackets in each comment list the values of
 * the placeholders in order.
 */
export interface Queries {
  /** Inserts a row. Except on MySQL, it replaces an expired row. [the columns; except on MySQL, also now] */
  insert: string;
  /** Reads the row of the lease and one other row that has expired. [id, pruneAfter, now, id] */
  leaseAndExpired: string;
  /** Inserts a row unless the id is taken, even by an expired row. [the columns] */
  insertLease: string;
  /** Deletes a row of this revision, even if it has expired. [id, createdAt, revision] */
  endLease: string;
  /** Deletes a row if it has expired. [id, now] */
  deleteExpired: string;
  /** Reads a row. [id] */
  read: string;
  /** Updates a row of this revision. [data, lastSeenAt, expiresAt, pruneAfter, next revision, id, now, revision] */
  update: string;
  /** Moves the timestamps forward. [lastSeenAt, expiresAt and pruneAfter, each of them twice, id, now] */
  touch: string;
  /** Deletes the row that was read. [id, kind, createdAt, revision, now] */
  destroy: string;
  /** Deletes the row, whatever its revision is. [id, kind, createdAt, now] */
  destroyAny: string;
  /** Finds the first rows of a user. [userId, kind, now] */
  list(limit: number): string;
  /** Finds the next rows of a user, after an id. [userId, kind, now, id] */
  listAfter(limit: number): string;
  /** Finds the ids of a user's rows. [userId, kind, now] */
  idsOfUser(limit: number): string;
  /** Deletes rows of a user. [the ids, userId, kind, now] */
  deleteOfUser(ids: number): string;
  /** Finds the ids of expired rows. [the lowest and the highest pruneAfter, now] */
  expired(limit: number): string;
  /** Deletes expired rows. [the ids, now] */
  deleteAllExpired(ids: number): string;
}

/**
 * Builds the statements.
 *
 * @throws TypeError if the prefix or schema contains characters other than letters, digits, `_` and `-`
 */
export function queriesFor(dialect: SqlDialect, options: SqlTablesOptions): Queries {
  const table = tableName(dialect, options);
  const names = COLUMNS.map(({ name }) => quoted(dialect, name));
  const text = (sql: string) => (dialect === "postgres" ? numbered(sql) : sql);

  const insert = (as: string, verb = "INSERT") =>
    `${verb} INTO ${table}${as} (${names.join(", ")}) VALUES (${marks(names.length)})`;
  const taken = COLUMNS.filter(({ primary }) => !primary).map(({ name }) => `${name} = excluded.${name}`);
  const upsert = `${insert(" AS kept")} ON CONFLICT (id) DO UPDATE SET ${taken.join(", ")} WHERE kept.expires_at <= ?`;

  // Each result column has a lowercase name without underscores, because plugins of query builders convert between
  // snake_case and camelCase.
  const columns = COLUMNS.map(({ property }, i) => `${names[i]} AS ${property.toLowerCase()}`).join(", ");
  const forward = ["last_seen_at", "expires_at", "prune_after"].map(
    (name) => `${name} = CASE WHEN ${name} < ? THEN ? ELSE ${name} END`,
  );
  const ofUser = "user_id = ? AND kind = ? AND expires_at > ?";

  return {
    insert: text(dialect === "mysql" ? insert("") : upsert),
    leaseAndExpired: text(
      `SELECT ${columns} FROM ${table} WHERE id = ? UNION ALL SELECT * FROM (SELECT ${columns} FROM ${table} ` +
        "WHERE prune_after <= ? AND expires_at <= ? AND id <> ? LIMIT 1) AS expired",
    ),
    insertLease: text(dialect === "mysql" ? insert("", "INSERT IGNORE") : `${insert("")} ON CONFLICT (id) DO NOTHING`),
    endLease: text(`DELETE FROM ${table} WHERE id = ? AND created_at = ? AND revision = ?`),
    deleteExpired: text(`DELETE FROM ${table} WHERE id = ? AND expires_at <= ?`),
    read: text(`SELECT ${columns} FROM ${table} WHERE id = ?`),
    update: text(
      `UPDATE ${table} SET data = ?, last_seen_at = ?, expires_at = ?, prune_after = ?, revision = ? ` +
        "WHERE id = ? AND expires_at > ? AND revision = ?",
    ),
    touch: text(`UPDATE ${table} SET ${forward.join(", ")} WHERE id = ? AND expires_at > ?`),
    destroy: text(
      `DELETE FROM ${table} WHERE id = ? AND kind = ? AND created_at = ? AND revision = ? AND expires_at > ?`,
    ),
    destroyAny: text(`DELETE FROM ${table} WHERE id = ? AND kind = ? AND created_at = ? AND expires_at > ?`),
    list: (limit) => text(`SELECT ${columns} FROM ${table} WHERE ${ofUser} ORDER BY id LIMIT ${limit}`),
    listAfter: (limit) => text(`SELECT ${columns} FROM ${table} WHERE ${ofUser} AND id > ? ORDER BY id LIMIT ${limit}`),
    idsOfUser: (limit) => text(`SELECT id AS id FROM ${table} WHERE ${ofUser} LIMIT ${limit}`),
    deleteOfUser: (ids) => text(`DELETE FROM ${table} WHERE id IN (${marks(ids)}) AND ${ofUser}`),
    expired: (limit) =>
      text(
        `SELECT id AS id, prune_after AS pruneafter FROM ${table} ` +
          `WHERE prune_after BETWEEN ? AND ? AND expires_at <= ? ORDER BY prune_after LIMIT ${limit}`,
      ),
    deleteAllExpired: (ids) => text(`DELETE FROM ${table} WHERE id IN (${marks(ids)}) AND expires_at <= ?`),
  };
}

function marks(count: number): string {
  return Array(count).fill("?").join(", ");
}

/** Replaces the placeholders `?` with PostgreSQL's placeholders `$1`, `$2`... */
function numbered(sql: string): string {
  let number = 0;
  return sql.replace(/\?/g, () => `$${++number}`);
}
