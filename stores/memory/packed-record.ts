import type { JsonObject } from "../../src/json.js";
import type { SessionRecord } from "../../src/store/session-store.js";
import { pack, unpack } from "../packed.js";

/** The parts of a record that its text contains. The kind is not one of them. */
type Packed = Omit<SessionRecord, "kind" | "data">;

/** A timestamp has this many digits to the base 36. */
const DIGITS = 11;
/** Ends a part of the text. Packed JSON does not contain it. */
const END = "\0";

/**
 * Writes a record as one string, which needs a third of the memory of the object: its timestamps and its revision, then
 * its data as packed JSON, and then its user id, if it has a user.
 */
export function packRecord(record: Packed, data: JsonObject): string {
  return withData(record, pack(data));
}

/** Writes a record again, with other timestamps. */
export function repackRecord(text: string, record: Packed): string {
  return withData(record, dataTextIn(text));
}

function withData({ userId, createdAt, lastSeenAt, expiresAt, revision }: Packed, data: string): string {
  const instants = [createdAt, lastSeenAt, expiresAt].map((instant) => instant.toString(36).padStart(DIGITS, "0"));
  return [...instants, revision.toString(36), END, data, ...(userId === null ? [] : [END, userId])].join("");
}

/** Reads the parts of a record except its data. */
export function partsIn(text: string): Packed {
  return {
    userId: userIdIn(text),
    createdAt: instantIn(text, 0),
    lastSeenAt: instantIn(text, 1),
    expiresAt: expiryIn(text),
    revision: Number.parseInt(text.slice(3 * DIGITS, text.indexOf(END)), 36),
  };
}

export function dataIn(text: string): JsonObject {
  return unpack(dataTextIn(text));
}

export function expiryIn(text: string): number {
  return instantIn(text, 2);
}

export function userIdIn(text: string): string | null {
  const end = text.indexOf(END, text.indexOf(END) + 1);
  return end < 0 ? null : text.slice(end + 1);
}

function dataTextIn(text: string): string {
  const start = text.indexOf(END) + 1;
  const end = text.indexOf(END, start);
  return text.slice(start, end < 0 ? undefined : end);
}

function instantIn(text: string, place: number): number {
  return Number.parseInt(text.slice(place * DIGITS, (place + 1) * DIGITS), 36);
}
