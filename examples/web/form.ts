import type { Request } from "express";

/** A field of a form or of a JSON body. Anything but a string counts as empty, before it can reach a query. */
export function field(req: Request, name: string): string {
  const value = memberOf(req.body, name);
  return typeof value === "string" ? value : "";
}

/** Is a checkbox of a form checked, or a member of a JSON body true? */
export function isChecked(req: Request, name: string): boolean {
  const value = memberOf(req.body, name);
  return value === "on" || value === true;
}

function memberOf(body: unknown, name: string): unknown {
  return (body as Record<string, unknown> | null | undefined)?.[name];
}
