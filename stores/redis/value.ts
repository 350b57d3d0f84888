import type { SessionRecord } from "../../src/store/session-store.js";
import { decoded } from "../decoded.js";
import { pack, unpack } from "../packed.js";

// A value begins with three timestamps of 15 digits each: lastSeenAt, expiresAt, and `listedTo`, the last known end of
// the record's index entry. The user id (URI-encoded, empty for null), the kind, createdAt and the revision follow,
// each with a line feed after it. The data is last, as packed JSON. scripts.ts reads the same format.

const VALUE = /^(\d{15})(\d{15})\d{15}([^\n]*)\n([^\n]*)\n(\d+)\n(\d+)\n(.*)$/s;

/** Encodes a record as a value. */
export function encode(record: SessionRecord, listedTo: number): string {
  const { kind, userId, data, createdAt, lastSeenAt, expiresAt, revision } = record;
  const instants = [lastSeenAt, expiresAt, listedTo].map(digits).join("");
  return `${instants}${encodeUser(userId)}\n${kind}\n${createdAt}\n${revision}\n${pack(data)}`;
}

/** Decodes the record in a value. @throws RecordDamagedError */
export function decode(value: string): SessionRecord {
  return decoded(() => {
    const [lastSeenAt, expiresAt, user, kind, createdAt, revision, data] = VALUE.exec(value)!.slice(1) as string[];
    return {
      kind: kind!,
      userId: decodeURIComponent(user!) || null,
      data: unpack(data!),
      createdAt: Number(createdAt),
      lastSeenAt: Number(lastSeenAt),
      expiresAt: Number(expiresAt),
      revision: Number(revision),
    };
  });
}

/** Encodes a user id for values and keys. */
export function encodeUser(userId: string | null): string {
  return encodeURIComponent(userId ?? "");
}

/** Writes a timestamp with 15 digits, so that scripts can compare timestamps as text. */
export function digits(instant: number): string {
  return String(instant).padStart(15, "0");
}
