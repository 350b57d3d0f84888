import { type Command, type Outcome, STORE_OPTIONS, UsageError } from "./command.js";
import { withStore } from "./opened-store.js";

/** `latchkey prune` */
export const prune: Command = {
  summary: "Delete expired records, of all users and realms",
  details: "Redis deletes expired records by itself, so the number is always 0 there.",
  options: { limit: { value: "N", help: "delete at most this many (default: all)" }, ...STORE_OPTIONS },
  run: async ({ options }): Promise<Outcome> => {
    const { limit } = options;
    if (limit !== undefined && !/^[1-9]\d{0,14}$/.test(limit))
      throw new UsageError(`the option --limit must be a whole number above zero, not "${limit}"`);
    const deleted = await withStore(options, (store) =>
      store.prune(limit === undefined ? {} : { limit: Number(limit) }),
    );
    return { text: `Deleted ${deleted} expired ${deleted === 1 ? "record" : "records"}.`, json: { deleted } };
  },
};
