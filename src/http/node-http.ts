import type * as Http from "node:http";

/**
 * Node's module `node:http`, which Express has already loaded. An `import` of it would also load Node's WebSocket and
 * `fetch`, which takes longer than loading this package.
 */
const http: typeof Http = process.getBuiltinModule("node:http");

export const IncomingMessage: typeof Http.IncomingMessage = http.IncomingMessage;
export const ServerResponse: typeof Http.ServerResponse = http.ServerResponse;
export type ServerResponse = Http.ServerResponse;
export const STATUS_CODES: typeof Http.STATUS_CODES = http.STATUS_CODES;
