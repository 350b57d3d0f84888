import type { Request, Response } from "express";
import type { OneConnection } from "./one-connection.js";
import type { Person } from "./people.js";

/** A template without a file. It shows every value that latchkey passes to a template. */
export class Page {
  path = "page";
  render(locals: Locals, done: (error: null, html: string) => void): void {
    const { title, currentUser: user, takeFlashes: take } = locals;
    const show = () => done(null, [title, user?.name ?? "nobody", ...take().map(({ message }) => message)].join(", "));
    if (locals.pool) locals.pool.query(show);
    else show();
  }
}
interface Locals {
  title?: string;
  pool?: OneConnection;
  currentUser?: { name?: string };
  takeFlashes(): Array<{ message: string }>;
}

/** Handles a request. */
export type Handle = (req: Request, res: Response) => unknown;

/** The name of the user that the promise resolves with, or "nobody". */
export async function nameOf(user: Promise<unknown>): Promise<string> {
  return ((await user) as Person).name ?? "nobody";
}
