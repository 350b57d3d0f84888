import type { RequestHandler } from "express";
import type { Recorder } from "./recorder.js";

type Method = (...args: unknown[]) => unknown;

const CALLS = ["writeHead", "write", "end", "flushHeaders"] as const;

/**
 * Records which call makes the head of the response: a call of the handler, or of middleware after this one. The
 * application without latchkey mounts it where the other application mounts latchkey. A response whose head is made by
 * `end` can be replaced if the save fails.
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
