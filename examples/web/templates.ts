import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import express, { type Application } from "express";
import { deviceName } from "./device.js";

/** Sets up the templates, the style sheet and the script. The templates get `currentUser` and `takeFlashes()` from latchkey. */
export function useTemplates(app: Application): void {
  const folder = sourceFolder();
  app.set("views", join(folder, "views"));
  app.set("view engine", "ejs");
  Object.assign(app.locals, { deviceName, when });
  app.use(express.static(join(folder, "public"), { index: false, maxAge: "1h" }));
}

const english = new Intl.DateTimeFormat("en", { dateStyle: "medium", timeStyle: "short", timeZone: "UTC" });

/** A moment in words. The server does not know where its visitors live, so it says which zone it means. */
function when(instant: number | Date): string {
  return `${english.format(instant)} UTC`;
}

/** Compiled code runs in a build folder; the templates and the public files stay with the sources. */
function sourceFolder(): string {
  for (let folder = import.meta.dirname; folder !== dirname(folder); folder = dirname(folder)) {
    const sources = join(folder, "examples", "web");
    if (existsSync(join(sources, "views"))) return sources;
  }
  throw new Error("the folder examples/web/views was not found");
}
