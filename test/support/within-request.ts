import express, { type Request, type Response } from "express";
import { LoginManager, type LoginManagerOptions } from "latchkey";
import { SECRET } from "./people.js";
import { serve } from "./server.js";

/**
 * Runs a function in a handler of one request, with a mounted LoginManager. Returns its result, or rejects with its
 * error.
 */
export async function withinRequest<T>(
  options: Partial<LoginManagerOptions<never>>,
  run: (req: Request, res: Response) => T | Promise<T>,
): Promise<T> {
  const app = express();
  new LoginManager<never>({ secret: SECRET, userLoader: () => null, ...options }).init(app);
  const outcome = new Promise<T>((resolve, reject) => {
    app.use(async (req, res) => {
      try {
        resolve(await run(req, res));
      } catch (error) {
        reject(error);
      }
      res.end();
    });
  });
  const answered = fetch(await serve(app)).then((answer) => answer.text());
  const [result] = await Promise.all([outcome, answered]);
  return result;
}
