import { assertId, assertRememberTokenRecord } from "../../src/store/arguments.js";
import type {
  RememberTokenRecord,
  RememberTokenStore,
  StoredRememberToken,
} from "../../src/store/remember-token-store.js";
import { decoded } from "../undecodable.js";
import type { SqlDatabase } from "./database.js";
import { type ListedRow, SqlTable, type SqlTableOptions } from "./table.js";

/** One row of the table of remembered browsers. */
type RememberTokenRow = ListedRow & { userId: string; tokenHash: string };

/** The remembered browsers of a SqlStore. */
export class SqlRememberTokens implements RememberTokenStore {
  readonly #table: SqlTable<RememberTokenRow, RememberTokenRecord>;

  constructor(database: SqlDatabase, options: SqlTableOptions) {
    this.#table = new SqlTable(database, options, { toRow, fromRow });
  }

  create(id: string, record: RememberTokenRecord): Promise<void> {
    return this.#table.create(id, record);
  }

  read(id: string): Promise<RememberTokenRecord | null> {
    return this.#table.read(id);
  }

  async rotate(id: string, tokenHash: string, record: RememberTokenRecord): Promise<boolean> {
    assertId("tokenHash", tokenHash);
    return this.#table.replace(id, record, { tokenHash, userId: record.userId });
  }

  destroy(id: string): Promise<boolean> {
    return this.#table.destroy(id);
  }

  listByUser(userId: string): Promise<StoredRememberToken[]> {
    return this.#table.listByUser(userId);
  }

  destroyByUser(userId: string, options?: { except?: string }): Promise<number> {
    return this.#table.destroyByUser(userId, options);
  }

  prune(options?: { limit?: number }): Promise<number> {
    return this.#table.prune(options);
  }
}

function toRow(id: string, record: RememberTokenRecord): RememberTokenRow {
  assertRememberTokenRecord(record);
  const { userId, tokenHash, data, createdAt, expiresAt } = record;
  return { id, userId, tokenHash, data: JSON.stringify(data), createdAt, expiresAt };
}

function fromRow({ userId, tokenHash, data, createdAt, expiresAt }: RememberTokenRow): RememberTokenRecord {
  return { userId, tokenHash, data: decoded(() => JSON.parse(data)), createdAt, expiresAt };
}
