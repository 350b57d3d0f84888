import type { Request } from "express";
import { unexpected } from "../errors.js";
import type { Flash } from "../flash/flash-cookie.js";
import { kindOf } from "../text.js";
import { contextOf, type RequestContext } from "./request-context.js";

/**
 * Stores a message until `takeFlashes` returns it, for at most ten minutes. (Flask's flash)
 *
 * The message is stored in a cookie that is signed but not encrypted: do not flash anything that the user must not
 * read. The cookie has room for about 600 characters. If the messages do not fit, the oldest are dropped.
 *
 * @throws ResponseStartedError if the response has begun
 * @throws OptionError if the message or the category is not a string
 */
export function flash(req: Request, message: string, category = "message"): void {
  flashIn(contextOf(req), message, category);
}

/** The same for a manager. */
export function flashIn(context: RequestContext, message: string, category: string): void {
  checkText("message", message);
  checkText("category", category);
  context.core.flashes.of(context, "flash").add({ message, category, isChallenge: false });
}

/**
 * Returns the stored messages, oldest first, and removes them. If `category` is given, only messages of that category.
 * (Flask's get_flashed_messages)
 *
 * @throws ResponseStartedError if the response has begun, because the cookie can no longer be removed
 */
export function takeFlashes(req: Request, options: { category?: string | undefined } = {}): Flash[] {
  return takeFlashesIn(contextOf(req), options);
}

/** The same for a manager. */
export function takeFlashesIn(context: RequestContext, { category }: { category?: string | undefined } = {}): Flash[] {
  return context.core.flashes.of(context, "takeFlashes").take(category);
}

function checkText(argument: string, value: unknown): void {
  if (typeof value !== "string") throw unexpected(`flash: ${argument}`, "a string", kindOf(value));
}
