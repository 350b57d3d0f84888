import { RecordDamagedError } from "../src/errors.js";

/**
 * Runs a store's decoder.
 *
 * @throws RecordDamagedError for any error of the decoder, because its message may quote the record
 */
export function decoded<T>(decode: () => T): T {
  try {
    return decode();
  } catch {
    throw new RecordDamagedError();
  }
}
