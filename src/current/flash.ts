import type { Request } from "express";
import { OptionError } from "../errors.js";
import type { Flash } from "../flash/flash-cookie.js";
import { kindOf } from "../text.js";
import { contextOf } from "./request-context.js";

/**
 * Keeps a message until `takeFlashes`, for ten minutes at most. (Flask's flash)
 *
 * It is kept in a cookie that is signed, not encrypted: do not flash anything that the user must not read. All messages together have
 * room for about 600 characters. If they do not fit, the oldest are dropped.
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
 * Returns the messages that were kept, oldest first, and removes them. (Flask's get_flashed_messages)
 *
 * @throws ResponseStartedError once the response has begun, because the cookie cannot be removed any more
 */
export function takeFlashes(req: Request, { category }: { category?: string | undefined } = {}): Flash[] {
  const context = contextOf(req);
  return context.core.flashes.of(context, "takeFlashes").take(category);
}

function checkText(argument: string, value: unknown): void {
  if (typeof value !== "string") throw new OptionError(`flash: ${argument}`, `expected a string, not ${kindOf(value)}`);
}
