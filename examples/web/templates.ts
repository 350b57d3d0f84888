import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import express, { type Application } from "express";
import { deviceName } from "./device.js";
import { shortestPassword } from "./passwords.js";
import { ago, when } from "./times.js";

/**
 * Sets up the templates, the style sheet and the scripts. latchkey adds `currentUser` and `takeFlashes()` to the
 * templates.
 */
export function useTemplates(app: Application): void {
  const folder = sourceFolder("web");
  app.set("views", join(folder, "views"));
  app.set("view engine", "ejs");
  Object.assign(app.locals, { ago, deviceName, shortestPassword, when });
  app.use(express.static(join(folder, "public"), { index: false, maxAge: "1h" }));
  app.use("/simplewebauthn", express.static(dirname(fileURLToPath(import.meta.resolve("@simplewebauthn/browser")))));
  app.use((req, res, next) => {
    res.locals.here = req.path;
    next();
  });
}

/**
 * Finds the source folder of an example. Compiled code runs in a build folder, but the templates and public files stay
 * with the sources.
 */
export function sourceFolder(example: string): string {
  for (let folder = import.meta.dirname; folder !== dirname(folder); folder = dirname(folder)) {
    const sources = join(folder, "examples", example);
    if (existsSync(join(sources, "views"))) return sources;
  }
  throw new Error(`the folder examples/${example}/views was not found`);
}
