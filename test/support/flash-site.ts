import type { Express } from "express";
import { flash, freshLoginRequired, loginRequired, loginUser, logoutUser, safeNext, takeFlashes } from "latchkey";
import { Browser } from "./browser.js";
import { serve } from "./server.js";
import { site } from "./site.js";

/** The default texts of latchkey's messages. */
export const LOG_IN = "Please log in to access this page.";
export const CONFIRM = "Please confirm your login to access this page.";

/** A browser that reads and sends messages on a flash site. */
export class Reader extends Browser {
  /** Takes the messages, or only those of a category, and returns their texts. */
  async texts(category?: string): Promise<string[]> {
    const answer = await this.get(category === undefined ? "/take" : `/take?category=${category}`);
    return answer.json<Array<{ message: string }>>().map(({ message }) => message);
  }

  flash(...messages: string[]): Promise<unknown> {
    return this.get(`/flash?${new URLSearchParams(messages.map((message): [string, string] => ["message", message]))}`);
  }
}

/** A site with routes that flash and take messages, and a browser for it. */
export async function flashSite(
  options: Parameters<typeof site>[0] = {},
  prepare: (app: Express) => void = () => {},
  mount?: Parameters<typeof site>[1],
) {
  const at = site({ loginView: "/login", refreshView: "/confirm", ...options }, mount);
  const { app, byId } = at;
  app.get("/flash", (req, res) => {
    for (const message of [req.query.message].flat()) flash(req, message as string, req.query.category as string);
    res.send("flashed");
  });
  app.get("/take", (req, res) => {
    const { category } = req.query as { category?: string };
    res.json(takeFlashes(req, { category }));
  });
  app.get("/next", (req, res) => void res.json(safeNext(req, "/fallback")));
  app.post("/welcome/:id", async (req, res) => {
    flash(req, "Before");
    await loginUser(req, byId.get(req.params.id)!);
    flash(req, "Welcome");
    res.redirect(303, safeNext(req, "/take"));
  });
  app.post("/bye", async (req, res) => {
    flash(req, "Before");
    await logoutUser(req);
    flash(req, "You have been logged out.");
    res.redirect(303, "/take");
  });
  app.all("/guarded", loginRequired(), (_req, res) => void res.send("guarded"));
  app.get("/fresh", freshLoginRequired(), (_req, res) => void res.send("fresh"));
  prepare(app);
  const origin = await serve(app);
  return { ...at, origin, browser: new Reader(origin) };
}
