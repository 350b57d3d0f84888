import type { Request } from "express";

/** Is this a request to the JSON API, whose answers are problem documents and whose clients may be programs? */
export function isApi(req: Pick<Request, "path">): boolean {
  return req.path.startsWith("/api/");
}

/** The page with the form that was sent here: `/logins` for `/logins/7/end`. This site names its actions so. */
export function formPage(req: Pick<Request, "path">): string {
  return `/${req.path.split("/")[1] ?? ""}`;
}
