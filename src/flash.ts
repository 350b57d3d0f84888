import type { Request } from "express";
import type { Flash } from "./session.js";

/** Keeps a message in the session until `takeFlashes`. (Flask's flash) */
export function flash(req: Request, message: string, category = "message"): void {
  req.session.flashes = [...(req.session.flashes ?? []), { message, category }];
}

/** Gives the messages that were kept, oldest first, and forgets them. (Flask's get_flashed_messages) */
export function takeFlashes(req: Request, { category }: { category?: string | undefined } = {}): Flash[] {
  const all = req.session.flashes ?? [];
  const taken = category === undefined ? all : all.filter((flash) => flash.category === category);
  if (taken.length === 0) return [];
  const left = all.filter((flash) => !taken.includes(flash));
  if (left.length > 0) req.session.flashes = left;
  else delete req.session.flashes;
  return taken;
}
