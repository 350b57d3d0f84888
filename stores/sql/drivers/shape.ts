import { given } from "../../given.js";

/**
 * Checks that a value has the methods that one of the functions for drivers calls.
 *
 * @param name of the function
 * @param expected what it takes, in words
 * @throws TypeError that names both what was given and what is expected
 */
export function assertShape(name: string, expected: string, value: unknown, methods: readonly string[]): void {
  const isObject = (typeof value === "object" && value !== null) || typeof value === "function";
  const missing = methods.filter((method) => !isObject || typeof (value as never)[method] !== "function");
  if (missing.length === 0) return;
  const lack = isObject ? `, which has no ${missing.map((method) => `${method}()`).join(", ")}` : "";
  throw new TypeError(`${name}() takes ${expected}, not ${given(value)}${lack}`);
}

/** @throws TypeError for a number of changed rows that a driver did not give */
export function changedRows(name: string, count: unknown): number {
  const changed = Number(count ?? Number.NaN);
  if (!Number.isFinite(changed)) throw new TypeError(`${name}() got no number of changed rows from the driver`);
  return changed;
}
