import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import type { Application, NextFunction, Request, Response } from "express";
import { currentUser, loginRequired } from "latchkey";
import { Authorized } from "latchkey/routing-controllers";
import { Controller, Get, Render, Req, useExpressServer } from "routing-controllers";
import { expressVersions } from "../support/express.js";
import { type Build, setUp } from "../support/stages.js";

@Controller("/controller")
class Pages {
  @Authorized() @Get("/guarded") @Render("who") guarded() {
    return { title: "guarded" };
  }
  @Get("/open") @Render("who") open() {
    return { title: "open" };
  }
  @Get("/undefined") @Render("who") nothing(@Req() req: Request) {
    req.res!.locals.title = "locals";
  }
}

describe("templates", () => {
  let folder: string;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "latchkey-"));
    await writeFile(
      join(folder, "who.ejs"),
      "<%= title %>: <%= currentUser.isAnonymous ? 'nobody' : currentUser.name %>",
    );
    await writeFile(join(folder, "own.ejs"), "<%= currentUser %>");
    await writeFile(
      join(folder, "failed.ejs"),
      "failed, <%= currentUser ? 'with' : 'without' %> a user: <%= message %>",
    );
    await writeFile(join(folder, "broken.ejs"), "<%= missing %>");
  });
  after(() => rm(folder, { recursive: true }));

  for (const { name, express } of expressVersions) {
    describe(`on ${name}`, () => {
      const withViews = (app: Application) => app.set("views", folder).set("view engine", "ejs").set("env", "test");
      const build: Build = (login) => {
        const app = withViews(express());
        login?.init(app);
        app.get("/open", (_req, res) => res.render("who", { title: "open" }));
        app.get("/asked", (_req, res, next) => {
          currentUser().then(() => res.render("who", { title: "asked" }), next);
        });
        app.get("/own", (_req, res) => res.render("own", { currentUser: "my own" }));
        app.get("/own/locals", (_req, res) => {
          res.locals.currentUser = "of locals";
          res.render("own");
        });
        app.get("/callback", (_req, res) => {
          res.render("who", { title: "callback" }, (error: Error | null, html: string) =>
            res.send(error ?? `[${html}]`),
          );
        });
        app.get("/mail", (_req, res, next) => {
          app.render("who", { title: "mail" }, (error: Error | null, html: string) => {
            if (error) next(error);
            else res.json({ html });
          });
        });
        app.get("/broken", (_req, res) => res.render("broken"));
        const part = withViews(express());
        part.get("/open", (_req, res) => res.render("who", { title: "part" }));
        app.use("/part", part);
        const deep = withViews(express());
        deep.get("/open", (_req, res) => res.render("who", { title: "deep" }));
        part.use("/of/part", deep);
        const router = express.Router();
        router.get("/open", (_req, res) => res.render("who", { title: "router" }));
        app.use("/router", router);
        useExpressServer(app, { controllers: [Pages], middlewares: [class None {}] });
        app.get("/guarded", loginRequired());
        return app;
      };

      it("have the current user, whether a handler loads the user or not", async () => {
        const { ann, as } = await setUp(build);
        const [nobody, user] = [await as(), await as(ann)];
        for (const [path, title] of [
          ["/open", "open"],
          ["/asked", "asked"],
          ["/part/open", "part"],
          ["/part/of/part/open", "deep"],
          ["/router/open", "router"],
          ["/controller/open", "open"],
          ["/controller/undefined", "locals"],
        ]) {
          expect((await user.get(path!)).text, path).to.equal(`${title}: Ann`);
          expect((await nobody.get(path!)).text, path).to.equal(`${title}: nobody`);
        }
        expect((await user.get("/controller/guarded")).text).to.equal("guarded: Ann");
        expect((await nobody.get("/controller/guarded")).status).to.equal(401);
        expect((await user.get("/callback")).text).to.equal("[callback: Ann]");
        expect((await user.get("/mail")).json()).to.deep.equal({ html: "mail: Ann" });
      });

      it("show the application's own currentUser if the application sets one", async () => {
        const { ann, as } = await setUp(build);
        const user = await as(ann);
        expect((await user.get("/own")).text).to.equal("my own");
        expect((await user.get("/own/locals")).text).to.equal("of locals");
      });

      it("send 500 if they are broken", async () => {
        const { ann, as } = await setUp(build);
        expect((await (await as(ann)).get("/broken")).status).to.equal(500);
      });

      it("are not rendered if the user cannot be loaded", async () => {
        const userLoader = () => Promise.reject(new Error("no"));
        const { ann, as } = await setUp(build, { userLoader });
        const user = await as(ann);
        for (const path of ["/open", "/part/open", "/controller/open", "/mail"]) {
          expect((await user.get(path)).status, path).to.equal(500);
        }
      });

      it("can show an error page without a user if the user cannot be loaded", async () => {
        const { ann, as } = await setUp(
          (login) => {
            const app = build(login) as ReturnType<typeof express>;
            app.use((error: Error, _req: Request, res: Response, _next: NextFunction) => {
              res.status(503).render("failed", { message: error.message });
            });
            return app;
          },
          { userLoader: () => Promise.reject(new Error("no")) },
        );
        const user = await as(ann);
        for (const path of ["/guarded", "/open", "/asked", "/part/open", "/controller/open"]) {
          const answer = await user.get(path);
          expect([answer.status, answer.text], path).to.deep.equal([503, "failed, without a user: no"]);
        }
      });
    });
  }
});
