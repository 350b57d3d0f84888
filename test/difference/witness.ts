import type { RequestHandler } from "express";
import type { Recorder } from "./recorder.js";

type Method = (...args: unknown[]) => unknown;

const CALLS = ["writeHead", "write", "end", "flushHeaders"] as const;

/**
 * Notes which call of a handler, or of a middleware after this one, makes the head of the answer. Stands where latchkey stands in the
 * application with it: an answer that is made by one `end` there can be replaced when the save fails.
 */
export function witness({ trace }: Recorder): RequestHandler {
  return (req, res, next) => {
    if (req.path !== "/way") return next();
    let depth = 0;
    for (const name of CALLS) {
      const original = res[name] as Method;
      Object.assign(res, {
        [name](this: unknown, ...args: unknown[]) {
          depth++;
          try {
            return original.apply(this, args);
          } finally {
            depth--;
            if (depth === 0 && res.headersSent) trace.madeBy ??= name;
          }
        },
      });
    }
    next();
  };
}
