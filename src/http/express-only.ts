import { LatchkeyError } from "../errors.js";

/** The error for a request that no Express application handles, for example on Fastify or Koa. */
export function expressRequired(): LatchkeyError {
  return new LatchkeyError(
    "express_required",
    500,
    "latchkey needs Express, but no Express application handles this request. It does not work on Koa or Fastify, not even " +
      "through @fastify/middie. For the upgrade to a WebSocket, call login.authenticate(req)",
  );
}
