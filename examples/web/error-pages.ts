import type { Request } from "express";
import { safeNext } from "latchkey";
import { HOME } from "./answers.js";
import { field, isChecked } from "./form.js";

const TITLES: Record<number, string> = {
  403: "No access",
  404: "Page not found",
  413: "That is too long",
  429: "Please wait",
};
/** Fields that no page shows again. */
const NEVER_REPEATED = ["password", "code", "recoveryCode"];

/** A view and its data. */
export interface ErrorPage {
  view: string;
  data: object;
}

/**
 * Returns the page that tells a visitor about an error. It keeps what the visitor typed, except for passwords and codes: a
 * form for a password is shown again, and after an error of the server any other form can be sent again.
 */
export function errorPage(req: Request, status: number, detail: string): ErrorPage {
  const next = () => safeNext(req, HOME);
  if (status === 429 && req.path === "/login") {
    const [email, remember] = [field(req, "email"), isChecked(req, "remember")];
    return { view: "login", data: { next: next(), failure: detail, email, remember } };
  }
  if (status === 429 && req.path === "/confirm") {
    return { view: "confirm", data: { next: next(), problems: { password: detail } } };
  }
  const title = TITLES[status] ?? (status < 500 ? "That did not work" : "Something went wrong");
  const plain = status === 413 ? "What you sent is too long. Please make it shorter." : detail;
  return { view: "error", data: { title, detail: plain, again: status >= 500 ? sentForm(req) : undefined } };
}

/** Returns the form of this request if it has no secrets. */
function sentForm(req: Request): { action: string; fields: object } | undefined {
  const fields: Record<string, unknown> = req.body ?? {};
  if (req.method !== "POST" || NEVER_REPEATED.some((name) => name in fields)) return undefined;
  return { action: req.originalUrl, fields };
}
