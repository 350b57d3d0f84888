import { createRequire } from "node:module";
import type { ErrorRequestHandler, NextFunction, Request, RequestHandler, Response } from "express";

/** The part of a layer of Express 4's router that is replaced here. A layer calls one handler. */
interface Layer {
  handle: RequestHandler | ErrorRequestHandler;
  handle_request(req: Request, res: Response, next: NextFunction): void;
  handle_error(error: unknown, req: Request, res: Response, next: NextFunction): void;
}

/**
 * Express 5 passes the rejection of an async handler to the error handlers; Express 4 ignores it, so the request is
 * never answered. The row `express-4` of the matrix runs the tests with Express 4 as `express`, and many applications
 * in the tests have async handlers. This file, which Mocha loads before the tests, then makes Express 4 pass rejections
 * on too. It does not change the package `express4`, with which the tests of `expressVersions` show that latchkey
 * itself needs no such help.
 */
const require = createRequire(import.meta.url);
const { version } = require("express/package.json") as { version: string };

if (version.startsWith("4.")) {
  const { prototype } = require("express/lib/router/layer.js") as { prototype: Layer };

  prototype.handle_request = function (req, res, next) {
    const handle = this.handle as RequestHandler;
    if (handle.length > 3) return next();
    passOn(() => handle(req, res, next), next);
  };

  prototype.handle_error = function (error, req, res, next) {
    const handle = this.handle as ErrorRequestHandler;
    if (handle.length !== 4) return next(error);
    passOn(() => handle(error, req, res, next), next);
  };
}

/** Calls a handler, and passes what it throws, or rejects with, to `next`. */
function passOn(handle: () => unknown, next: NextFunction): void {
  try {
    const returned = handle();
    if (returned instanceof Promise) returned.catch((error) => next(error ?? new Error("Rejected promise")));
  } catch (error) {
    next(error);
  }
}
