import express from "express";
import { currentUser, LoginManager, loginRequired, loginUser, logoutUser } from "latchkey";

/**
 * Starts a site whose users come from an ORM. Returns a function that creates browsers.
 *
 * @param {{ find: (id: string) => unknown, titles?: (user: unknown) => Promise<string[]> }} users
 * @param {object} [options] more options of the login manager
 */
export async function openSite(users, options = {}) {
  const login = new LoginManager({
    secret: "only for this test: 32 characters",
    userLoader: (id) => users.find(id),
    ...options,
  });
  const app = express();
  login.init(app);
  app.post("/login/:id", async (req, res) => res.json(await loginUser(req, await users.find(req.params.id))));
  app.post("/logout", async (req, res) => {
    const user = await currentUser(req);
    await logoutUser(req);
    res.json({ isAnonymous: (await currentUser(req)).isAnonymous, titles: await users.titles?.(user) });
  });
  app.get("/me", loginRequired(), (req, res) => res.json(req.user.name));
  const server = app.listen(0, "127.0.0.1");
  await new Promise((listening) => server.once("listening", listening));

  return {
    /** Creates a browser: a function that sends a request with its cookie, and returns the status and the body. */
    browser() {
      let cookie = "";
      return async (method, path) => {
        const url = `http://127.0.0.1:${server.address().port}${path}`;
        const answer = await fetch(url, { method, headers: { cookie, accept: "application/json" } });
        const [set] = answer.headers.getSetCookie();
        if (set) cookie = set.split(";", 1)[0];
        return [answer.status, answer.status === 200 ? await answer.json() : undefined];
      };
    },
    async close() {
      server.closeAllConnections();
      await new Promise((closed) => server.close(closed));
    },
  };
}
