import { RecordDamagedError } from "../src/errors.js";

/**
 * Runs a store's decoder.
 *
 * @throws RecordDamagedError if the decoder throws. The decoder's own error is dropped, because its message may quote
 * the record.
 */
export function decoded<T>(decode: () => T): T {
  try {
    return decode();
  } catch {
    throw new RecordDamagedError();
  }
}
