import { OptionError } from "../errors.js";
import { shown } from "../text.js";
import type { SessionStore } from "./session-store.js";

const METHODS: Record<Exclude<keyof SessionStore, "lacks">, true> = {
  create: true,
  read: true,
  update: true,
  touch: true,
  destroy: true,
  listByUser: true,
  destroyByUser: true,
  prune: true,
};

const ABILITIES: readonly unknown[] = ["compareAndSet", "listByUser"] satisfies SessionStore["lacks"];

/**
 * Checks that a value is a SessionStore: it has every method, and its `lacks` contains only known abilities.
 *
 * @throws OptionError if it is not
 */
export function checkStore(option: string, value: unknown): void {
  for (const method of Object.keys(METHODS)) {
    if (typeof (value as Record<string, unknown> | null)?.[method] !== "function") {
      throw new OptionError(option, `expected a SessionStore, but it has no ${method}()`);
    }
  }
  const { lacks = [] } = value as { lacks?: unknown };
  const unknown = Array.isArray(lacks) ? lacks.find((ability) => !ABILITIES.includes(ability)) : lacks;
  if (unknown !== undefined) {
    throw new OptionError(
      option,
      `its "lacks" may only contain "compareAndSet" and "listByUser", not ${shown(unknown)}`,
    );
  }
}

/** Can this store compare and set, and list the records of a user? */
export function isComplete({ lacks = [] }: SessionStore): boolean {
  return lacks.length === 0;
}
