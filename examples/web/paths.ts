import type { Request } from "express";

/** Is this a request to the JSON API? */
export function isApi(req: Pick<Request, "path">): boolean {
  return req.path.startsWith("/api/");
}

/**
 * Returns the page whose form was sent to this path: `/logins` for `/logins/7/end`. All paths of this site are built
 * so.
 */
export function formPage(req: Pick<Request, "path">): string {
  return `/${req.path.split("/")[1] ?? ""}`;
}
