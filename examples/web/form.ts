import express from "express";

/** Reads the body of a form. As `@UseBefore` of an action it runs behind the guard: nobody's body is read in vain. */
export const form = express.urlencoded({ extended: false });

/** A field of a form or of a JSON body. Anything but a string counts as empty, before it can reach a query. */
export function field(body: unknown, name: string): string {
  const value = memberOf(body, name);
  return typeof value === "string" ? value : "";
}

/** Is a checkbox of a form checked, or a member of a JSON body true? */
export function isChecked(body: unknown, name: string): boolean {
  const value = memberOf(body, name);
  return value === "on" || value === true;
}

function memberOf(body: unknown, name: string): unknown {
  return (body as Record<string, unknown> | null | undefined)?.[name];
}
