import type { Request } from "express";
import { flash, loginUrl } from "latchkey";
import { formPage, isApi } from "./paths.js";

declare module "express-session" {
  interface SessionData {
    /** What somebody typed into a form that was refused until they confirm their login. */
    draft?: { page: string; fields: Record<string, string> };
  }
}

/** Where a login is confirmed. A page comes back by itself; for a form that was sent, its page is asked for again. */
export function confirmView(req: Request): string {
  return loginUrl("/confirm", req.method === "POST" ? formPage(req) : null);
}

/** Keeps what was typed into a form that a guard refuses, but never a password. */
export function keepDraft(req: Request): void {
  if (req.method !== "POST" || isApi(req)) return;
  const { password: _, csrf: __, ...fields } = req.body as Record<string, string>;
  if (Object.keys(fields).length > 0) req.session.draft = { page: formPage(req), fields };
}

/** What was typed into the form of this page, once. */
export function takeDraft(req: Request): Record<string, string> {
  const { draft } = req.session;
  if (draft?.page !== formPage(req)) return {};
  delete req.session.draft;
  flash(req, "Thank you. What you typed is still here: please send it once more.", "info");
  return draft.fields;
}
