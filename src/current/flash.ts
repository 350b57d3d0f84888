import type { Request } from "express";
import { OptionError } from "../errors.js";
import type { Flash } from "../flash/flash-cookie.js";
import { kindOf } from "../text.js";
import { contextOf } from "./request-context.js";

/**
 * Keeps a message until `takeFlashes` returns it, for at most ten minutes. (Flask's flash)
 *
 * The cookie that keeps it is signed, not encrypted: do not flash anything that the user must not read. It has room for
 * about 600 characters of messages in all. If they do not fit, the oldest are dropped.
 *
 * @throws ResponseStartedError once the response has begun
 * @throws OptionError when the message or the category is not a string
 */
export function flash(req: Request, message: string, category = "message"): void {
  checkText("message", message);
  checkText("category", category);
  const context = contextOf(req);
  context.core.flashes.of(context, "flash").add({ message, category, isChallenge: false });
}

/**
 * Returns the stored messages, oldest first, and removes them. (Flask's get_flashed_messages)
 *
 * @throws ResponseStartedError once the response has begun, because the cookie can no longer be removed
 */
export function takeFlashes(req: Request, { category }: { category?: string | undefined } = {}): Flash[] {
  const context = contextOf(req);
  return context.core.flashes.of(context, "takeFlashes").take(category);
}

function checkText(argument: string, value: unknown): void {
  if (typeof value !== "string") throw new OptionError(`flash: ${argument}`, `expected a string, not ${kindOf(value)}`);
}
