import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import type { Application } from "express";

/** Sets up the templates and the style sheet. The templates get `currentUser` and `takeFlashes()` from latchkey. */
export function useTemplates(app: Application): void {
  const folder = sourceFolder();
  app.set("views", join(folder, "views"));
  app.set("view engine", "ejs");
  app.get("/style.css", (_req, res) => res.sendFile(join(folder, "style.css"), { maxAge: "1h" }));
}

/** Compiled code runs in a build folder; the templates and the style sheet stay with the sources. */
function sourceFolder(): string {
  for (let folder = import.meta.dirname; folder !== dirname(folder); folder = dirname(folder)) {
    const sources = join(folder, "examples", "web");
    if (existsSync(join(sources, "views"))) return sources;
  }
  throw new Error("the folder examples/web/views was not found");
}
