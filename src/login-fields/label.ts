import { LabelError } from "../errors.js";
import { isPlainText, kindOf } from "../text.js";

/** The label of a login, and when it was last changed. */
export interface Labeled {
  label?: string;
  labeledAt?: number;
}

const LONGEST = 100;
/** Control characters, line separators, and characters that reorder the text around them. */
const UNSAFE = /[\p{Cc}\p{Zl}\p{Zp}\u202A-\u202E\u2066-\u2069]/u;

/** Anything but a space, and a character that shows nothing by itself, such as U+200B or U+2800. */
const VISIBLE = /[^\p{Cf}\p{Z}\p{DI}\u2800]/u;

/** Returns the label without spaces around it. @throws LabelError if it is not a valid label */
export function checkLabel(value: unknown): string {
  if (typeof value !== "string") throw new LabelError(kindOf(value));
  const label = value.trim();
  const { length } = [...label];
  if (length === 0) throw new LabelError("an empty string");
  if (length > LONGEST) throw new LabelError(`${length} characters`);
  if (UNSAFE.test(label) || !isPlainText(label)) throw new LabelError("a string with control characters");
  if (!VISIBLE.test(label)) throw new LabelError("a string of invisible characters");
  return label;
}

/**
 * Was the first label set after the second? Each record of a login has a copy of its label. If two copies were set at
 * the same time, the result is the same in every process.
 */
export function isNewerLabel(one: Labeled, other: Labeled): boolean {
  const difference = (one.labeledAt ?? 0) - (other.labeledAt ?? 0);
  return difference > 0 || (difference === 0 && (one.label ?? "") > (other.label ?? ""));
}

/** Returns the login with the label of the other, if that is newer. */
export function withNewerLabel<T extends object>(login: T, other: Labeled): T {
  return isNewerLabel(other, login) ? withLabel(login, other) : login;
}

/** Returns the login with this label. */
export function withLabel<T extends object>(login: T, { label, labeledAt }: Labeled): T {
  const { label: _, labeledAt: __, ...rest } = login as Labeled;
  return { ...rest, ...(label !== undefined && { label }), ...(labeledAt !== undefined && { labeledAt }) } as T;
}
