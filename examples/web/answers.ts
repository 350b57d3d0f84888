import type { Response } from "express";
import { InvalidInput } from "./invalid-input.js";

/** The page after a login when the user requested no other page. */
export const HOME = "/dashboard";

/** Redirects with 303: the browser opens the next page with GET, and a reload does not send the form again. */
export function redirect(res: Response, url: string): Response {
  res.redirect(303, url);
  return res;
}

/** Returns the form's input with its errors, so that the form can be shown again. */
export function refill(res: Response, error: unknown, entered: object): object {
  if (!(error instanceof InvalidInput)) throw error;
  res.status(error.status);
  return { ...entered, problems: error.problems };
}
