import { given } from "../../given.js";

/**
 * Checks that a value has the methods that a driver function calls.
 *
 * @param name the name of the driver function
 * @param expected a description of the value that the function expects
 * @throws TypeError if a method is missing. The message describes both the expected and the given value.
 */
export function assertShape(name: string, expected: string, value: unknown, methods: readonly string[]): void {
  const isObject = (typeof value === "object" && value !== null) || typeof value === "function";
  const missing = methods.filter((method) => !isObject || typeof (value as never)[method] !== "function");
  if (missing.length === 0) return;
  const lack = isObject ? `, which has no ${missing.map((method) => `${method}()`).join(", ")}` : "";
  throw new TypeError(`${name}() expects ${expected}, not ${given(value)}${lack}`);
}

/** Returns the number of changed rows. @throws TypeError if the driver did not return one */
export function changedRows(name: string, count: unknown): number {
  const changed = Number(count ?? Number.NaN);
  if (!Number.isFinite(changed))
    throw new TypeError(`${name}() did not get the number of changed rows from the driver`);
  return changed;
}
