import { LatchkeyError } from "../errors.js";

/** The error for a request that no Express application handles, for example on Fastify or Koa. */
export function expressRequired(): LatchkeyError {
  return new LatchkeyError(
    "express_required",
    500,
    "latchkey needs Express, but no Express application handles this request. Koa and Fastify do not work, even with " +
      "@fastify/middie. For a WebSocket upgrade, call login.authenticate(req)",
  );
}
