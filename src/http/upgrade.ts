import type { Request } from "express";

/**
 * Does the connection become a WebSocket? If the application handles such a request in Express, as with express-ws, the
 * response is never sent.
 */
export function isUpgrade(req: Request): boolean {
  return (req as { upgrade?: boolean }).upgrade === true;
}
