import { fileURLToPath } from "node:url";
import { expect } from "chai";
import type { NextFunction, Request, Response } from "express";
import { denyByDefault } from "latchkey/routing-controllers";
import { getMetadataArgsStorage, useExpressServer } from "routing-controllers";
import { expressVersions } from "../support/express.js";
import { type Build, controllersOn, setUp } from "../support/stages.js";
import { PUBLIC, Silent, UNDECLARED, undeclaredControllers } from "../support/undeclared-controllers.js";

class None {}
const controllers = undeclaredControllers;

const denied =
  (build: Build): Build =>
  (login) =>
    denyByDefault(() => build(login));

describe("denyByDefault", () => {
  for (const { name, express } of expressVersions) {
    describe(`on ${name}`, () => {
      const build = controllersOn(express, { controllers, authorizationChecker: () => true });

      it("requires a login for actions that declare nothing, and lets everybody reach public ones", async () => {
        const { bob, ann, as } = await setUp(denied(build));
        const [nobody, user, admin] = [await as(), await as(bob), await as(ann)];
        for (const path of [...UNDECLARED, "/silent/its-own"]) {
          expect((await nobody.get(path)).status, path).to.equal(401);
          expect((await user.get(path)).status, path).to.equal(200);
        }
        expect((await nobody.send("PUT", "/silent/all")).status).to.equal(401);
        expect((await nobody.send("HEAD", "/silent/own")).status).to.equal(401);
        for (const path of PUBLIC) expect((await nobody.get(path)).status, path).to.equal(200);
        for (const path of ["/open/admin", "/below/admin"]) {
          expect((await nobody.get(path)).status, path).to.equal(401);
          expect((await user.get(path)).status, path).to.equal(403);
          expect((await admin.get(path)).status, path).to.equal(200);
        }
      });

      it("applies to each server that the function creates, and to no other server", async () => {
        const { as } = await setUp((login) => {
          const app = express();
          login?.init(app);
          const mount = (routePrefix: string) =>
            useExpressServer(app, { controllers: [Silent], middlewares: [None], routePrefix });
          mount("/before");
          denyByDefault(() => {
            mount("/one");
            denyByDefault(() => mount("/two"));
            mount("/three");
          });
          denyByDefault(() => denyByDefault(() => mount("/nested")));
          mount("/after");
          expect(() =>
            denyByDefault(() => {
              mount("/failing");
              throw new TypeError("no database");
            }),
          ).to.throw(TypeError, "no database");
          mount("/later");
          return app;
        });
        const nobody = await as();
        for (const prefix of ["/one", "/two", "/three", "/nested", "/failing"])
          expect((await nobody.get(`${prefix}/silent/own`)).status, prefix).to.equal(401);
        for (const prefix of ["/before", "/after", "/later"])
          expect((await nobody.get(`${prefix}/silent/own`)).status, prefix).to.equal(200);
      });

      it("applies to controllers that are loaded from a folder, and to all registered controllers", async () => {
        const folder = fileURLToPath(new URL("../support/controllers/*.js", import.meta.url));
        const storage = getMetadataArgsStorage();
        const { bob, as } = await setUp((login) => {
          const app = express();
          login?.init(app);
          const { controllers: all } = storage;
          denyByDefault(() => useExpressServer(app, { controllers: [folder], middlewares: [None] }));
          try {
            storage.controllers = all.filter(({ target }) => target === Silent);
            denyByDefault(() => useExpressServer(app, { routePrefix: "/all", middlewares: [None] }));
          } finally {
            storage.controllers = all;
          }
          return app;
        });
        const [nobody, user] = [await as(), await as(bob)];
        for (const path of ["/undeclared/own", "/all/silent/own", "/all/silent/inherited"]) {
          expect((await nobody.get(path)).status, path).to.equal(401);
          expect((await user.get(path)).status, path).to.equal(200);
        }
      });

      it("leaves everything outside of the actions of controllers as it is", async () => {
        const { as } = await setUp((login) => {
          const app = express();
          login?.init(app);
          app.get("/plain", (_req, res) => void res.send("plain"));
          class Global {
            use(req: Request, res: Response, next: NextFunction) {
              if (req.path === "/global") res.send("global");
              else next();
            }
          }
          getMetadataArgsStorage().middlewares.push({ target: Global, type: "before", global: true, priority: 0 });
          return denyByDefault(() => useExpressServer(app, { controllers: [Silent], middlewares: [Global] }));
        });
        const nobody = await as();
        expect((await nobody.get("/plain")).text).to.equal("plain");
        expect((await nobody.get("/global")).text).to.equal("global");
        expect((await nobody.get("/silent/no-route")).status).to.equal(404);
        expect((await nobody.get("/silent/own")).status).to.equal(401);
      });
    });
  }
});
