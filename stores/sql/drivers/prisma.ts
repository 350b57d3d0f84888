import { assertDialect, type SqlDatabase, type SqlDialect, type SqlRow, type SqlValue } from "../database.js";
import { isTransient } from "../transient.js";
import { assertShape, changedRows } from "./shape.js";

/** The part of a `PrismaClient` that the store uses. */
export interface PrismaLike {
  /** Runs a statement and resolves with its rows. */
  $queryRawUnsafe(sql: string, ...values: SqlValue[]): PromiseLike<unknown>;
  /** Runs a statement and resolves with the number of rows that it changed. */
  $executeRawUnsafe(sql: string, ...values: SqlValue[]): PromiseLike<number>;
}

/**
 * Returns a database that uses a client of Prisma. If the client has the extension for read replicas, the store uses
 * the primary.
 *
 * @throws TypeError if the value is not a client of Prisma, or the dialect is unknown
 */
export function prisma(client: PrismaLike, dialect: SqlDialect): SqlDatabase {
  assertShape("prisma", "a PrismaClient", client, ["$queryRawUnsafe", "$executeRawUnsafe"]);
  assertDialect(dialect);
  const { $primary } = client as { $primary?: () => PrismaLike };
  const primary = typeof $primary === "function" ? $primary.call(client) : client;
  return {
    dialect,
    all: async (sql, values) => (await primary.$queryRawUnsafe(sql, ...values)) as SqlRow[],
    run: async (sql, values) => changedRows("prisma", await primary.$executeRawUnsafe(sql, ...values)),
    isTransient: (error) => causesOf(error).some(isTransient),
  };
}

/**
 * Returns the objects that may contain the database's error code: Prisma's error, its `meta`, and the error of a driver
 * adapter.
 */
function causesOf(error: unknown): unknown[] {
  const { meta } = (error ?? {}) as { meta?: { driverAdapterError?: { cause?: { originalCode?: string } } } };
  const code = meta?.driverAdapterError?.cause?.originalCode;
  return [error, meta, { code }];
}
