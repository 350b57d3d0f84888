import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { expect } from "chai";
import type { Application, NextFunction, Request, Response } from "express";
import * as own from "latchkey";
import * as ownTesting from "latchkey/testing";
import { expressVersions } from "../support/express.js";
import { packageWith } from "../support/package-with.js";
import { type Person, people, SECRET } from "../support/people.js";
import { send } from "../support/raw-client.js";
import { storedSessions } from "../support/records.js";
import { serve } from "../support/server.js";
import { socketSite } from "../support/sockets.js";
import { WatchedStore } from "../support/watched-store.js";

describe("two copies of the package in one process", () => {
  let folder: string;
  let other: typeof own;
  let otherTesting: typeof ownTesting;
  let otherControllers: typeof import("latchkey/routing-controllers");
  before(async () => {
    folder = await packageWith(await mkdtemp(join(tmpdir(), "latchkey-")), ["routing-controllers"]);
    const load = (file: string) =>
      import(pathToFileURL(join(folder, "node_modules/latchkey/dist/src", `${file}.js`)).href);
    other = await load("index");
    otherTesting = await load("testing/index");
    otherControllers = await load("routing-controllers/index");
    expect(other.LatchkeyError).not.to.equal(own.LatchkeyError);
  });
  after(() => rm(folder, { recursive: true }));

  for (const { name, express } of expressVersions) {
    /** A site of our own copy, with routes that use the other copy. An error response has the code and message. */
    async function mixed(add: (app: Application, login: own.LoginManager<Person>) => void) {
      const { load, ann } = people();
      const login = new own.LoginManager<Person>({ secret: SECRET, userLoader: load });
      new other.LoginManager<Person>({ secret: SECRET, userLoader: load });
      const app = express();
      login.init(app);
      add(app, login);
      app.use((error: own.LatchkeyError, _req: Request, res: Response, _next: NextFunction) => {
        res.status(500).json([error.code, error.message]);
      });
      const origin = await serve(app);
      const cookie = await ownTesting.loginAs(login, ann);
      return async (path: string) => JSON.parse((await send(origin, `GET ${path}`, { cookie })).text) as string[];
    }

    it(`cause the error second_copy if one is mounted and the other is used, ${name}`, async () => {
      const asked: Record<string, (req: Request) => Promise<unknown>> = {
        current: () => other.currentUser(),
        request: (req) => other.currentUser(req),
        login: (req) => other.loginUser(req, people().ann),
        logout: (req) => other.logoutUser(req),
        confirm: (req) => other.confirmLogin(req),
        fresh: (req) => other.isFresh(req),
      };
      const get = await mixed((app, login) => {
        for (const [path, ask] of Object.entries(asked)) {
          app.get(`/${path}`, (req, res, next) => {
            ask(req).then(() => res.json(["passed"]), next);
          });
        }
        app.get("/guard", other.loginRequired(), (_req, res) => void res.json(["passed"]));
        const second = new other.LoginManager<Person>({ secret: SECRET, userLoader: () => null });
        app.get("/manager", second.middleware(), (_req, res) => void res.json(["passed"]));
        app.get("/upgrade", (req, res, next) => {
          second.authenticate(req, app).then(() => res.json(["passed"]), next);
        });
        app.get("/testing", (_req, res, next) => {
          otherTesting.loginAs(login as never, people().ann).then(() => res.json(["passed"]), next);
        });
      });
      for (const path of [...Object.keys(asked), "guard", "manager", "upgrade", "testing"]) {
        const [code, message] = await get(`/${path}`);
        expect(code, path).to.equal("second_copy");
        expect(message, path)
          .to.match(/another copy of latchkey.*npm ls latchkey/)
          .and.not.include("login.init");
      }
    });

    it(`cause the error second_copy at the guard of a controller, ${name}`, async () => {
      const { Get, JsonController, useExpressServer } = await import("routing-controllers");
      class Guarded {
        show() {
          return ["passed"];
        }
      }
      JsonController()(Guarded);
      Get("/guarded")(Guarded.prototype, "show");
      otherControllers.Authorized()(Guarded.prototype, "show");
      const get = await mixed((app) => {
        useExpressServer(app, {
          controllers: [Guarded],
          middlewares: [class None {}],
          defaultErrorHandler: false,
        });
      });
      expect((await get("/guarded"))[0]).to.equal("second_copy");
    });

    it(`cause the usual error outside a request or before the middleware, ${name}`, async () => {
      const { code } = await own.currentUser().catch((error) => error);
      expect(code).to.equal("middleware_missing");
      const app = express();
      app.get("/", (req, res) => {
        other.currentUser(req).catch((error) => res.json(error.code));
      });
      expect((await send(await serve(app), "GET /", {})).text).to.equal('"middleware_missing"');
    });

    it(`both work, each for its own applications, ${name}`, async () => {
      const { load, ann } = people();
      const sites = await Promise.all(
        [own, other, own, other].map(async (copy) => {
          const app = express();
          const login = new copy.LoginManager<Person>({ secret: SECRET, userLoader: load });
          login.init(app);
          app.post("/login", (req, res, next) => {
            req.session.note = "kept";
            copy.loginUser(req, ann).then((entered) => res.json([entered, req.user === ann]), next);
          });
          app.get("/page", copy.loginRequired(), (req, res) => {
            const { id, note } = req.session;
            const derived = Object.create(req) as Request;
            const isOwn = [req.user === ann, req.sessionID === id, typeof req.sessionStore.set === "function"];
            isOwn.push(derived.user === ann, derived.sessionID === id);
            copy.currentUser().then((user) => res.json([(user as Person).name, note, ...isOwn]));
          });
          app.post("/logout", (req, res, next) => {
            copy.logoutUser(req).then(() => res.json(req.user === undefined), next);
          });
          return serve(app);
        }),
      );
      for (let round = 0; round < 2; round++) {
        for (const origin of sites) {
          const { text, cookie } = await send(origin, "POST /login", {});
          expect(text).to.equal("[true,true]");
          expect((await send(origin, "GET /page", { cookie })).text).to.equal(
            '["Ann","kept",true,true,true,true,true]',
          );
          expect((await send(origin, "POST /logout", { cookie })).text).to.equal("true");
          expect((await send(origin, "GET /page", { cookie })).status).to.equal(401);
        }
      }
    });
  }

  it("recognize each other's errors", () => {
    for (const [copy, error] of [
      [own, new other.StoreUnavailableError("away")],
      [other, new own.StoreUnavailableError("away")],
      [own, new own.StoreUnavailableError("away")],
    ] as const) {
      expect(copy.isLatchkeyError(error)).to.equal(true);
      expect(copy.isLatchkeyError(error, "store_unavailable")).to.equal(true);
      expect(copy.isLatchkeyError(error, "session_gone")).to.equal(false);
    }
    expect(new other.LoginRequiredError()).not.to.be.instanceOf(own.LatchkeyError);
    for (const none of [undefined, null, "store_unavailable", {}, { code: "store_unavailable" }, new Error("away")])
      expect(own.isLatchkeyError(none), String(none)).to.equal(false);
    expect(Object.keys(new own.LoginRequiredError()).sort()).to.eql(["code", "httpCode", "name", "status"]);
  });

  it("can share a store, and recognize its errors for an existing id and a missing method", async () => {
    const store = new other.MemoryStore();
    const watched = new WatchedStore(store as unknown as own.SessionStore);
    let taken = 0;
    watched.before = (verb) => {
      if (verb === "create" && taken++ === 0) throw new other.SessionExistsError();
    };
    const failed: string[] = [];
    const at = await socketSite({ store: watched });
    at.login.on("storeFailed", ({ operation }) => failed.push(operation));
    const { status, cookie } = await send(at.origin, "POST /login/1", { json: {} });
    expect([status, failed]).to.eql([200, []]);
    expect((await at.open({ cookie })).who).to.equal("Ann");
    expect(await storedSessions(store, "1")).to.have.length(1);
    watched.before = (verb) => {
      if (verb === "listByUser") throw new other.UnsupportedByStoreError("listByUser", "none");
    };
    const error = await at.login.sessions.list("1").catch((reason) => reason);
    expect(own.isLatchkeyError(error, "unsupported_by_store")).to.equal(true);
    expect((await send(at.origin, "POST /logout", { cookie })).status).to.equal(200);
    expect(failed).to.eql([]);
  });

  it("can test each other's stores", async () => {
    for (const [testing, copy] of [
      [ownTesting, other],
      [otherTesting, own],
    ] as const) {
      const all = testing.storeConformance({ store: () => new copy.MemoryStore() } as never);
      const cases = all.filter(({ name }) => /taken|concurrent/.test(name));
      expect(cases).to.have.length.above(1);
      for (const { run } of cases) await run();
    }
  });

  it("recognize each other's users", () => {
    class Mine extends own.UserMixin {
      id = 1;
    }
    class Theirs extends other.UserMixin {
      id = 1;
    }
    expect(new Mine().equals(new Theirs())).to.equal(true);
    expect(new Theirs().equals(new Mine())).to.equal(true);
    expect(new Mine().equals(new other.AnonymousUser())).to.equal(false);
  });
});
