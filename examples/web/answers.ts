import type { Response } from "express";
import { InvalidInput } from "./invalid-input.js";

/** Where people go who asked for no page. */
export const HOME = "/dashboard";

/** 303: the browser asks for the next page by GET, and a reload does not send the form again. */
export function redirect(res: Response, url: string): Response {
  res.redirect(303, url);
  return res;
}

/** The form once more, with what was entered and what is wrong with it. */
export function refill(res: Response, error: unknown, entered: object): object {
  if (!(error instanceof InvalidInput)) throw error;
  res.status(error.status);
  return { ...entered, problems: error.problems };
}
