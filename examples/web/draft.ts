import type { Request } from "express";
import { flash, loginUrl } from "latchkey";
import { formPage, isApi } from "./paths.js";

declare module "express-session" {
  interface SessionData {
    /** The input of a form that was refused because the login was not fresh. */
    draft?: { page: string; fields: Record<string, string> };
  }
}

/**
 * Returns a view for `refreshView` or `methodView`. After the confirmation of a sent form, the browser opens the form's
 * page again.
 */
export function viewBeforeForm(view: string): (req: Request) => string {
  return (req) => loginUrl(view, req.method === "POST" ? formPage(req) : null);
}

/** Stores the input of a form that a guard refuses, but never a password. */
export function keepDraft(req: Request): void {
  if (req.method !== "POST" || isApi(req)) return;
  const { password: _, ...fields } = (req.body ?? {}) as Record<string, string>;
  if (Object.keys(fields).length > 0) req.session.draft = { page: formPage(req), fields };
}

/** Returns the stored input of this page's form, and removes it from the session. */
export function takeDraft(req: Request): Record<string, string> {
  const { draft } = req.session;
  if (draft?.page !== formPage(req)) return {};
  delete req.session.draft;
  flash(req, "Thank you. What you typed is still here. Please send the form again.", "info");
  return draft.fields;
}
