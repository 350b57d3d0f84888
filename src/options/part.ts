import type { Check } from "../checks.js";
import { OptionError, unexpected } from "../errors.js";
import { kindOf } from "../text.js";

/** The entry that has the function for each part. */
const ENTRIES = {
  deviceBound: "latchkey/device-bound",
  externalLogins: "latchkey/external-logins",
  importFrom: "latchkey/session-imports",
  knownBrowsers: "latchkey/known-browsers",
};

/** The name of the option that takes a part, and of the function that returns it. */
type PartName = keyof typeof ENTRIES;

/**
 * A part of latchkey that few applications need. It is the value of an option, and comes from a function of another
 * entry, such as `knownBrowsers()` of `latchkey/known-browsers`. So the other applications do not load it.
 */
export interface Part<Name extends string> {
  readonly part: Name;
  /** For latchkey alone: it calls this method for each manager. */
  create(core: never, secrets: readonly string[]): unknown;
}

/** Returns the check for an option that takes this part. */
export function isPart(name: PartName): Check {
  return (option, value) => {
    if ((value as Part<string> | null)?.part === name) return;
    throw unexpected(option, sourceOf(name), kindOf(value));
  };
}

/** Returns the part. @throws OptionError if the application has not given it to the manager */
export function required<T>(part: T | undefined, name: PartName, by: string): T {
  if (part !== undefined) return part;
  throw new OptionError(name, `${by} needs this option; give it ${sourceOf(name)}`);
}

function sourceOf(name: PartName): string {
  return `${name}() of "${ENTRIES[name]}"`;
}
