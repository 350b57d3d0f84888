import type { Request } from "express";

/**
 * Returns a field of a form or of a JSON body. Returns "" for any value but a string, so that only strings reach a
 * query.
 */
export function field(req: Request, name: string): string {
  const value = memberOf(req.body, name);
  return typeof value === "string" ? value : "";
}

/** Is this checkbox of a form checked, or this member of a JSON body true? */
export function isChecked(req: Request, name: string): boolean {
  const value = memberOf(req.body, name);
  return value === "on" || value === true;
}

function memberOf(body: unknown, name: string): unknown {
  return (body as Record<string, unknown> | null | undefined)?.[name];
}
