import type { Request } from "express";

/** Does the connection become a WebSocket? An application that handles the request, as with express-ws, has a response that goes nowhere. */
export function isUpgrade(req: Request): boolean {
  return (req as { upgrade?: boolean }).upgrade === true;
}
