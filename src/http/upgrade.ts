import type { Request } from "express";

/**
 * Does this request open a WebSocket? If the application handles such a request in Express, as with express-ws, no
 * response is sent.
 */
export function isUpgrade(req: Request): boolean {
  return (req as { upgrade?: boolean }).upgrade === true;
}
