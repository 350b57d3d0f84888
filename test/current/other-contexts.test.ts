import { expect } from "chai";
import type { Application, NextFunction, Request, RequestHandler, Response } from "express";
import { currentUser, flash, loginRequired, takeFlashes } from "latchkey";
import { expressVersions } from "../support/express.js";
import { connections, type OneConnection } from "../support/one-connection.js";
import { type Handle, nameOf, Page } from "../support/pages-of-callbacks.js";
import { type Build, setUp } from "../support/stages.js";

/** Passes a rejection to next, because Express 4 ignores the promise of a handler. */
const route =
  (handle: Handle): RequestHandler =>
  (req, res, next) => {
    Promise.resolve(handle(req, res)).catch(next);
  };
for (const { name: pool, open } of connections) {
  for (const { name, express } of expressVersions) {
    describe(`in a callback of ${pool} in the context of another request, ${name}`, () => {
      let connection: OneConnection;
      /** Ends the request in whose context the callbacks run. */
      let release: () => void;
      const later = () => new Promise<void>((resolve) => connection.query(resolve));
      const inCallback =
        (handle: Handle): RequestHandler =>
        (req, res, next) =>
          connection.query(() => void Promise.resolve(handle(req, res)).catch(next));

      const build: Build = (login) => {
        const app = express();
        app.set("view", Page);
        login!.init(app);
        const { sessions } = login!;
        app.get(
          "/open",
          inCallback((_req, res) => res.send("open")),
        );
        app.get(
          "/wait",
          inCallback(async (_req, res) => {
            res.write("waits ");
            await new Promise<void>((resolve) => {
              release = resolve;
            });
            res.end("over");
          }),
        );
        app.get("/flash", (req, res) => {
          flash(req, `for ${String(req.query.name)}`);
          res.send("kept");
        });
        app.get(
          "/user",
          inCallback(async (_req, res) => res.send(await nameOf(currentUser()))),
        );
        app.get(
          "/user/req",
          inCallback(async (req, res) => res.send(await nameOf(currentUser(req)))),
        );
        app.get(
          "/manager/req",
          inCallback(async (req, res) => res.send(await nameOf(login!.currentUser(req)))),
        );
        app.get(
          "/flashes",
          inCallback((req, res) => res.json(takeFlashes(req))),
        );
        app.get(
          "/promise",
          route(async (_req, res) => {
            await later();
            res.send(await nameOf(currentUser()));
          }),
        );
        const lost: RequestHandler = (_req, _res, next) => connection.query(next);
        app.get(
          "/guarded",
          lost,
          loginRequired(),
          route(async (_req, res) => res.send(await nameOf(currentUser()))),
        );
        const render = (options: object) => inCallback((_req, res) => res.render("page", options));
        app.get("/page", render({ title: "page" }));
        const shared = { title: "shared" };
        app.get("/page/shared", render(shared));
        app.get(
          "/page/slow",
          inCallback((_req, res) => res.render("page", { title: "slow", pool: connection })),
        );
        app.get(
          "/page/callback",
          inCallback((_req, res) =>
            res.render("page", async (_error: unknown, html: string) =>
              res.send(`${html}: ${await nameOf(currentUser())}`),
            ),
          ),
        );
        app.get(
          "/page/app",
          inCallback(async (req, res) => {
            const locals = { title: "app", currentUser: await currentUser(req) };
            app.render("page", locals, (_error: Error, html: string) => res.send(html));
          }),
        );
        const part = express();
        part.set("view", Page);
        part.get("/page", render({ title: "part" }));
        app.use("/part", part);
        const own = { req: true };
        for (const [path, form] of Object.entries({ "": {}, "/req": own })) {
          const of = (req: Request) => (form === own ? { req } : {});
          app.get(
            `/logins${path}`,
            inCallback(async (req, res) => {
              const list = await sessions.list(req.query.id as string, of(req));
              res.json(list.filter(({ current }) => current).length);
            }),
          );
          app.get(
            `/end${path}`,
            inCallback(async (req, res) =>
              res.json(await sessions.revokeAll(req.query.id as string, { exceptCurrent: true, ...of(req) })),
            ),
          );
        }
        app.get(
          "/revoke/req",
          inCallback(async (req, res) => {
            const [login] = await sessions.list(req.query.id as string, { req });
            res.json([await sessions.revoke(req.query.id as string, login!.id, { req }), req.user === undefined]);
          }),
        );
        app.use((error: { code: string }, _req: Request, res: Response, _next: NextFunction) => {
          res.status(500).send(error.code);
        });
        return app as Application;
      };

      beforeEach(async () => {
        connection = await open();
      });
      afterEach(() => connection.end());

      /** Ann's request opens the connection, and later requests use it. */
      async function opened(isOver: boolean) {
        const scene = await setUp(build);
        const [ann, bob, nobody] = [await scene.as(scene.ann), await scene.as(scene.bob), await scene.as()];
        const opening = fetch(`${scene.origin}/${isOver ? "open" : "wait"}`, { headers: await cookieOf(ann) });
        if (isOver) expect(await (await opening).text()).to.equal("open");
        const close = async () => {
          if (isOver) return;
          release();
          expect(await (await opening).text()).to.equal("waits over");
        };
        if (!isOver) await opening; // waits for the headers
        return { ...scene, users: { Ann: ann, Bob: bob, nobody }, close };
      }
      const cookieOf = async (browser: { origin: string; jar: { getCookieString(url: string): Promise<string> } }) => ({
        cookie: await browser.jar.getCookieString(browser.origin),
      });

      it("currentUser() rejects after that request has ended; currentUser(req) returns the right user", async () => {
        const { users } = await opened(true);
        for (const [name, browser] of Object.entries(users)) {
          expect((await browser.get("/user")).text, name).to.equal("request_ended");
          for (const path of ["/user/req", "/manager/req", "/promise"])
            expect((await browser.get(path)).text, path).to.equal(name);
        }
      });

      for (const isOver of [true, false]) {
        describe(isOver ? "which has ended" : "which is still in progress", () => {
          it("currentUser(req), and currentUser() after a guard, return the right user", async () => {
            const { users, close } = await opened(isOver);
            for (const [name, browser] of Object.entries(users)) {
              expect((await browser.get("/user/req")).text).to.equal(name);
              const guarded = await browser.get("/guarded");
              expect([guarded.status, guarded.text]).to.eql(name === "nobody" ? [401, guarded.text] : [200, name]);
            }
            await close();
          });

          it("a page has the user and the flash messages of its own request", async () => {
            const { users, close } = await opened(isOver);
            const flashed = async (path: string) => {
              for (const [name, browser] of Object.entries(users)) await browser.get(`/flash?name=${name}`);
              const pages = Object.entries(users).map(async ([name, browser]) => [
                name,
                (await browser.get(path)).text,
              ]);
              return Object.fromEntries(await Promise.all(pages)) as Record<string, string>;
            };
            for (const [path, title] of [
              ["/page", "page"],
              ["/page/shared", "shared"],
              ["/page/slow", "slow"],
              ["/part/page", "part"],
            ] as const) {
              for (const [name, html] of Object.entries(await flashed(path)))
                expect(html, path).to.equal(`${title}, ${name}, for ${name}`);
            }
            for (const [name, html] of Object.entries(await flashed("/page/callback")))
              expect(html).to.equal(`, ${name}, for ${name}: ${name}`);
            await close();
          });

          it("a page from app.render() has the user that is passed to it", async () => {
            const { users, close } = await opened(isOver);
            for (const [name, browser] of Object.entries(users))
              expect((await browser.get("/page/app")).text.split(", ").slice(0, 2)).to.eql(["app", name]);
            await close();
          });

          it("takeFlashes(req) returns the messages of its own request", async () => {
            const { users, close } = await opened(isOver);
            for (const [name, browser] of Object.entries(users)) {
              await browser.get(`/flash?name=${name}`);
              expect((await browser.get("/flashes")).json<Array<{ message: string }>>()[0]!.message).to.equal(
                `for ${name}`,
              );
            }
            await close();
          });

          it("the current login is the login of the passed request", async () => {
            const { users, close, bob, as } = await opened(isOver);
            const other = await as(bob);
            const id = `?id=${bob.id}`;
            expect((await users.Bob.get(`/logins/req${id}`)).json()).to.equal(1);
            expect((await users.Bob.get(`/logins${id}`)).json(), "without a passed request").to.equal(0);
            if (isOver) expect((await users.Bob.get(`/end${id}`)).text).to.equal("request_ended");
            expect((await users.Bob.get(`/end/req${id}`)).json()).to.equal(1);
            expect((await users.Bob.get("/guarded")).text).to.equal("Bob");
            expect((await other.get("/guarded")).status).to.equal(401);
            expect((await users.Bob.get(`/revoke/req${id}`)).json()).to.eql([true, true]);
            expect((await users.Bob.get("/guarded")).status).to.equal(401);
            await close();
          });
        });
      }
    });
  }
}
