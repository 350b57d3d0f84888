import type { Response } from "express";
import type { Call } from "./dry-run.js";
import { ServerResponse } from "./node-http.js";
import { RequestSlot } from "./request-slot.js";
import { type Method, ResponseStart, type Start, type StartPart } from "./response-start.js";
import { SharedProperties } from "./shared-properties.js";

const starts = new RequestSlot<ResponseStart>();

/** The methods that begin a response. Before Node 26, `writeHead` also has the old name `writeHeader`. */
const CALLS: ReadonlyArray<[name: string, call: Call]> = [
  ["writeHead", "writeHead"],
  ["writeHeader", "writeHead"],
  ["write", "write"],
  ["end", "end"],
  ["flushHeaders", "flushHeaders"],
];

/**
 * Calls `start.finish` once, before the head of a response is made. Sends no byte of the response before the promise of
 * `start.finish` resolves. May be called again for the same response, with another Start.
 *
 * Each call that the handler makes on the response takes effect immediately, as without latchkey. Only the bytes are
 * held back, by `HeldResponse`. The exception is a whole response, which the handler sends with one `end`: Node makes
 * it only after the promise resolves, so that an error can replace it. To the handler, it looks as if Node had already
 * made it.
 */
export function startResponse(res: Response, start: Start, next: (error: unknown) => void): void {
  const own = res as unknown as Record<string, Method>;
  const begun = starts.get(res.req);
  if (begun) {
    begun.add(start);
    return;
  }
  const responseStart = new ResponseStart(res, start, next);
  starts.set(res.req, responseStart);
  // If earlier middleware replaced a method, its replacement is called exactly when the original would have been.
  for (const [name, call] of CALLS) {
    if (!Object.hasOwn(res, name)) continue;
    const replacement = own[name]!;
    own[name] = (...args) => responseStart.call(call, replacement, args, true);
  }
  sharedMethods.addTo(res);
}

/** Runs `change`, which sets headers, unless the head of the response is already made. */
export function changeHead(res: Response, change: () => void): void {
  const start = starts.get(res.req);
  if (start) start.change(change);
  else if (!res.headersSent) change();
}

/** Has the response begun? Also true if an error replaced it, because the session can then no longer set a cookie. */
export function hasBegun(res: Response): boolean {
  return res.headersSent || starts.get(res.req)?.hasBegun === true;
}

/**
 * Adds code that runs before the response begins, in addition to `start`. Does nothing if `startResponse` was not
 * called for this request.
 */
export function joinStart(res: Response, part: StartPart): void {
  starts.get(res.req)?.join(part);
}

/** The wrapped methods, which all responses share. */
const sharedMethods = new SharedProperties(ServerResponse.prototype, (shared) => {
  const own = shared as Record<string, Method>;
  for (const [name, call] of CALLS) {
    const replaced = Object.hasOwn(shared, name) ? own[name] : undefined;
    if (!replaced && !(name in shared)) continue;
    own[name] = function (this: Response, ...args) {
      // The method is looked up at each call, because a library may insert a prototype at any time.
      const original = replaced ?? (Object.getPrototypeOf(shared) as Record<string, Method>)[name]!;
      const start = starts.get(this.req);
      return start ? start.call(call, original, args, false) : original.apply(this, args);
    };
  }
});
