import type { SessionRecord } from "../../src/store/session-store.js";
import { decoded } from "../decoded.js";
import { unpack } from "../packed.js";
import type { SqlRow } from "./database.js";
import type { Queries } from "./queries.js";
import type { Statements } from "./statements.js";

/** A record whose data is not decoded yet. */
export interface Row extends Omit<SessionRecord, "data"> {
  data: string;
}

/** Converts a row of the database. Drivers return large numbers as numbers, strings or BigInts. */
export function rowOf(found: SqlRow): Row {
  return {
    kind: textOf(found.kind),
    userId: found.userid === null ? null : textOf(found.userid),
    data: textOf(found.data),
    createdAt: Number(found.createdat),
    lastSeenAt: Number(found.lastseenat),
    expiresAt: Number(found.expiresat),
    revision: Number(found.revision),
  };
}

/** @throws RecordDamagedError if the data is not JSON */
export function recordOf(row: Row): SessionRecord {
  return { ...row, data: decoded(() => unpack(row.data)) };
}

/** Reads the row with this id. Resolves with null if there is none, or if it has expired. */
export async function findLive(statements: Statements, queries: Queries, id: string): Promise<Row | null> {
  const [found] = await statements.all(queries.read, [id]);
  const row = found && rowOf(found);
  return row && row.expiresAt > Date.now() ? row : null;
}

export function idOf({ id }: SqlRow): string {
  return textOf(id);
}

/** Returns a value as text. Drivers return the binary columns of MySQL as bytes. */
function textOf(value: unknown): string {
  return value instanceof Uint8Array ? Buffer.from(value).toString() : (value as string);
}
