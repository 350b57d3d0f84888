import { once } from "node:events";
import { expect } from "chai";
import type { Request, Response } from "express";
import { currentUser } from "latchkey";
import { expressVersions } from "../support/express.js";
import { connections } from "../support/one-connection.js";
import { type Handle, nameOf, Page } from "../support/pages-of-callbacks.js";
import { type Build, setUp } from "../support/stages.js";

const codeOf = (asked: Promise<unknown>) =>
  asked.then(
    () => "no error",
    ({ code }: { code: string }) => code,
  );

for (const { name, express } of expressVersions) {
  describe(`a request whose response has ended, ${name}`, () => {
    /** The results that a handler collects after the response. */
    let after: Promise<unknown>;
    const build: Build = (login) => {
      const app = express();
      app.set("view", Page);
      login!.init(app);
      const noted = (handle: Handle) => (req: Request, res: Response) => {
        after = Promise.resolve(handle(req, res));
      };
      const both = async (req: Request) => [
        await codeOf(currentUser()),
        await codeOf(login!.currentUser()),
        await nameOf(currentUser(req)),
      ];
      for (const [path, end] of Object.entries({
        end: (res: Response) => res.end("bye"),
        send: (res: Response) => res.send("bye"),
        json: (res: Response) => res.json("bye"),
        redirect: (res: Response) => res.redirect("/open"),
        status: (res: Response) => res.sendStatus(204),
      })) {
        app.get(
          `/${path}`,
          noted(async (req, res) => {
            end(res);
            return both(req);
          }),
        );
        app.get(
          `/${path}/finish`,
          noted(async (req, res) => {
            await currentUser();
            end(res);
            await once(res, "finish");
            return both(req);
          }),
        );
      }
      app.get(
        "/stream",
        noted(async (_req, res) => {
          const seen = [];
          res.write("a");
          seen.push(await nameOf(currentUser()));
          await new Promise(setImmediate);
          seen.push(await nameOf(currentUser()));
          res.end("b");
          seen.push(await codeOf(currentUser()));
          return seen;
        }),
      );
      app.get(
        "/aborted",
        noted(async (req, res) => {
          req.socket.destroy();
          await once(res, "close");
          const seen = [await nameOf(currentUser())];
          res.send("to nobody");
          seen.push(await codeOf(currentUser()), await nameOf(currentUser(req)));
          return seen;
        }),
      );
      app.get(
        "/stream/aborted",
        noted(async (req, res) => {
          res.write("a");
          req.socket.destroy();
          await once(res, "close");
          return both(req);
        }),
      );
      app.get(
        "/mail",
        noted(async (_req, res) => {
          res.send("bye");
          const html = (render: (done: (error: unknown, html: string) => void) => void) =>
            new Promise((resolve) => render((_error, text) => resolve(text)));
          return [
            await html((done) => res.render("page", { title: "own" }, done)),
            await html((done) => app.render("page", { title: "any" }, done)),
          ];
        }),
      );
      const shared = {};
      app.get("/shared", (req, res) => {
        res.locals.title = req.query.title;
        res.render("page", shared);
        res.locals.title = "changed";
      });
      app.get(
        "/ends",
        noted(async (_req, res) => {
          res.send("bye");
          return login!.sessions.revokeAll(String(_req.query.id));
        }),
      );
      return app;
    };

    it("has a user only for currentUser(req), not for currentUser()", async () => {
      const { ann, as } = await setUp(build);
      const browser = await as(ann);
      for (const path of ["end", "send", "json", "redirect", "status"]) {
        for (const when of ["", "/finish"]) {
          await browser.get(`/${path}${when}`);
          expect(await after, path + when).to.eql(["request_ended", "request_ended", "Ann"]);
        }
      }
    });

    it("has not ended while the response is streamed", async () => {
      const { ann, as } = await setUp(build);
      expect((await (await as(ann)).get("/stream")).text).to.equal("ab");
      expect(await after).to.eql(["Ann", "Ann", "request_ended"]);
    });

    it("is still in progress after the client disconnects, unless the response had started", async () => {
      const { ann, as } = await setUp(build);
      const browser = await as(ann);
      await browser.get("/aborted").catch(() => {});
      expect(await after).to.eql(["Ann", "request_ended", "Ann"]);
      await browser.get("/stream/aborted").catch(() => {});
      expect(await after).to.eql(["request_ended", "request_ended", "Ann"]);
    });

    it("still renders pages, with the user by res.render() and without a user by app.render()", async () => {
      const { ann, as } = await setUp(build);
      await (await as(ann)).get("/mail");
      expect(await after).to.eql(["own, Ann", "any, nobody"]);
    });

    it("renders with its own locals, even if other requests use the same options object", async () => {
      const { ann, bob, as } = await setUp(build);
      const pages = [await as(ann), await as(bob), await as()].map((browser, i) => browser.get(`/shared?title=${i}`));
      expect((await Promise.all(pages)).map(({ text }) => text)).to.eql(["0, Ann", "1, Bob", "2, nobody"]);
    });

    it("can still revoke all logins of a user", async () => {
      const { ann, as } = await setUp(build);
      const browser = await as(ann);
      await browser.get(`/ends?id=${ann.id}`);
      expect(await after).to.equal(1);
    });

    it("has a loader that cannot call currentUser(), even in the context of another request", async () => {
      const connection = await connections[0]!.open();
      const codes: string[] = [];
      const { ann, bob, as } = await setUp(
        (login) => {
          const app = express();
          login!.init(app);
          app.get("/open", (_req, res) => connection.query(() => void res.send("open")));
          app.get("/user", (req, res, next) =>
            connection.query(() => void nameOf(currentUser(req)).then((text) => res.send(text), next)),
          );
          return app;
        },
        {
          userLoader: async (id: string) => {
            codes.push(await codeOf(currentUser()));
            return [ann, bob].find((person) => person.id === id);
          },
        },
      );
      await (await as(ann)).get("/open");
      expect((await (await as(bob)).get("/user")).text).to.equal("Bob");
      expect(codes).to.eql(["inside_loader"]);
    });
  });
}
