import { expect } from "chai";
import type { ErrorRequestHandler, Request, RequestHandler } from "express";
import { confirmLogin, currentUser, loginRequired } from "latchkey";
import { connections, type OneConnection } from "../support/one-connection.js";
import { type Person, people } from "../support/people.js";
import { send } from "../support/raw-client.js";
import { serve } from "../support/server.js";
import { site } from "../support/site.js";

const nameOf = async (user: Promise<object>) => ((await user) as Person).name;

for (const { name: pool, open } of connections) {
  describe(`${pool} with a connection that a loader opened`, () => {
    const opened: OneConnection[] = [];
    after(() => Promise.all(opened.map((connection) => connection.end())));

    /** A site whose pool has no connection after the login, so the next load opens one. */
    async function loggedIn() {
      const { load } = people();
      let connection = await open();
      opened.push(connection);
      const later = () => new Promise<void>((resolve) => connection.query(resolve));
      const { app } = site({ userLoader: (id) => later().then(() => load(id) ?? null) });
      const inCallback =
        (answer: (req: Request) => Promise<string>): RequestHandler =>
        (req, res, next) =>
          connection.query(() => void answer(req).then((text) => res.send(text), next));
      app.get(
        "/user",
        loginRequired(),
        inCallback(() => nameOf(currentUser())),
      );
      app.get(
        "/user/req",
        loginRequired(),
        inCallback((req) => nameOf(currentUser(req))),
      );
      app.get(
        "/confirmed",
        loginRequired(),
        inCallback((req) => confirmLogin(req).then(() => "confirmed")),
      );
      const further: RequestHandler = (_req, _res, next) => connection.query(next);
      app.get("/further", loginRequired(), further, loginRequired(), (_req, res, next) => {
        nameOf(currentUser()).then((name) => res.send(name), next);
      });
      app.use(((error, _req, res, _next) => res.status(500).send(error.code)) as ErrorRequestHandler);
      const origin = await serve(app);
      const { cookie } = await send(origin, "POST /login/1");
      connection = await open();
      opened.push(connection);
      return (path: string) => send(origin, `GET ${path}`, { cookie });
    }

    for (const [path, text] of [
      ["/user", "Ann"],
      ["/user/req", "Ann"],
      ["/confirmed", "confirmed"],
      ["/further", "Ann"],
    ] as const) {
      it(`gives a callback of the same request the loaded user: ${path}`, async () => {
        const get = await loggedIn();
        expect((await get(path)).text).to.equal(text);
      });
    }
  });
}
