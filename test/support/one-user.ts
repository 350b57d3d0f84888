import express from "express";
import { currentUser, LoginManager, type LoginManagerOptions, loginRequired, loginUser } from "latchkey";
import { apiClient } from "./browser.js";
import { SECRET } from "./people.js";
import { serve } from "./server.js";

/** An application that logs in any kind of user object, and has a guarded page. */
export async function userApp(user: object, options: Partial<LoginManagerOptions<object>> = {}) {
  const ids: string[] = [];
  const app = express();
  app.set("env", "test");
  const load = (id: string) => {
    ids.push(id);
    return user;
  };
  new LoginManager<object>({ secret: SECRET, userLoader: load, ...options }).init(app);
  app.post("/login", async (req, res) => {
    const { force } = req.query;
    res.json(await loginUser(req, user, { force: force !== undefined }));
  });
  app.get("/me", loginRequired(), async (_req, res) => void res.json((await currentUser()) === user));
  app.use((error: Error, _req: unknown, res: express.Response, _next: unknown) => {
    res.status(500).send(error.toString());
  });
  const client = apiClient(await serve(app));
  return { client, ids, user };
}

/** The result of a login, and the status of a guarded page. Uses `force` if the normal login does not succeed. */
export async function passes(user: object): Promise<[login: string, guarded: number]> {
  const { client } = await userApp(user);
  const { text } = await client.post("/login");
  if (text !== "true") await client.post("/login?force");
  return [text, (await client.get("/me")).status];
}
