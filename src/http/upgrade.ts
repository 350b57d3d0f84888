import type { IncomingMessage } from "node:http";

/**
 * Does this request open a WebSocket? If the application handles such a request in Express, as with express-ws, no
 * response is sent.
 */
export function isUpgrade(req: IncomingMessage): boolean {
  return (req as { upgrade?: boolean }).upgrade === true;
}
