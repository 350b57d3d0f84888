import { expect } from "chai";
import type { Express, NextFunction, Request, Response } from "express";
import { isLatchkeyError, LoginManager, OptionError } from "latchkey";
import { Authorized, denyByDefault, loginMiddleware, Public } from "latchkey/routing-controllers";
import {
  createExpressServer,
  Get,
  getMetadataArgsStorage,
  JsonController,
  MetadataArgsStorage,
  useExpressServer,
} from "routing-controllers";
import sinon from "sinon";
import { Browser } from "../support/browser.js";
import { expressVersions } from "../support/express.js";
import { type Person, people, SECRET } from "../support/people.js";
import { serve } from "../support/server.js";
import { controllersOn, setUp } from "../support/stages.js";
import { PUBLIC, Silent, UNDECLARED, undeclaredControllers } from "../support/undeclared-controllers.js";

class None {}
const controllers = undeclaredControllers;

describe("denyByDefault, if something is missing or in a wrong order,", () => {
  for (const { name, express } of expressVersions) {
    it(`fails a request that did not pass the login middleware, unless the action is public, on ${name}`, async () => {
      for (const comesLate of [false, true]) {
        const app = express();
        denyByDefault(() => useExpressServer(app, { controllers, middlewares: [None], defaultErrorHandler: false }));
        if (comesLate) new LoginManager<Person>({ secret: SECRET, userLoader: people().load }).init(app);
        const browser = await withErrors(app);
        for (const path of [...UNDECLARED, "/open/admin"]) {
          const answer = await browser.get(path);
          expect([answer.status, answer.text], path).to.deep.equal([500, "middleware_missing"]);
        }
        for (const path of PUBLIC) expect((await browser.get(path)).status, path).to.equal(200);
      }
    });
  }

  it("works with createExpressServer, which fails without loginMiddleware", async () => {
    const create = (middlewares: Array<new () => object>) =>
      denyByDefault(() => createExpressServer({ controllers, middlewares, defaultErrorHandler: false }) as Express);
    const { bob, as } = await setUp((login) => create([loginMiddleware(login!)]));
    expect((await (await as()).get("/silent/own")).status).to.equal(401);
    expect((await (await as(bob)).get("/silent/own")).status).to.equal(200);
    const browser = await withErrors(create([None]));
    expect((await browser.get("/silent/own")).text).to.equal("middleware_missing");
    expect((await browser.get("/silent/public")).status).to.equal(200);
  });

  it("applies even if the storage of routing-controllers is replaced while the function runs", async () => {
    const place = globalThis as { routingControllersMetadataArgsStorage?: MetadataArgsStorage };
    const before = getMetadataArgsStorage();
    try {
      const { as } = await setUp((login) =>
        denyByDefault(() => {
          place.routingControllersMetadataArgsStorage = new MetadataArgsStorage();
          @JsonController("/late")
          class Late {
            @Get("/own") own() {
              return "own";
            }
          }
          return controllersOn(expressVersions[0].express, { controllers: [Late] })(login);
        }),
      );
      expect((await (await as()).get("/late/own")).status).to.equal(401);
    } finally {
      place.routingControllersMetadataArgsStorage = before;
    }
  });

  it("throws if the function creates no server with an action, so that a wrong order is found at start", () => {
    const app = createExpressServer({ controllers, middlewares: [None] });
    const nothing = [
      () => app,
      () => {},
      () => createExpressServer({ controllers: ["no/such/folder/*.js"], middlewares: [None] }),
      () => createExpressServer({ controllers: [None], middlewares: [None] }),
    ];
    for (const create of nothing)
      expect(() => denyByDefault<unknown>(create)).to.throw(OptionError, "added no action to a server");
    const place = globalThis as { routingControllersMetadataArgsStorage?: MetadataArgsStorage };
    const before = getMetadataArgsStorage();
    try {
      // latchkey mounts an action to check a storage that is new to it. That action does not count.
      const probed = () => {
        place.routingControllersMetadataArgsStorage = new (class extends MetadataArgsStorage {})();
        Authorized()(class New {});
      };
      expect(() => denyByDefault(probed)).to.throw(OptionError, "added no action");
    } finally {
      place.routingControllersMetadataArgsStorage = before;
    }
    const later = async () => createExpressServer({ controllers, middlewares: [None] });
    expect(() => denyByDefault(later)).to.throw(OptionError, "must not be async");
    for (const given of [undefined, null, { controllers }, [Silent], true])
      expect(() => denyByDefault(given as never)).to.throw(OptionError, "denyByDefault: ");
    const create = sinon.fake.returns(app);
    expect(() => denyByDefault(create)).to.throw(OptionError);
    expect(create.callCount).to.equal(1);
  });

  it("throws for a decorator of a class that already has a server, which would have no effect", () => {
    abstract class OldBase {
      own() {}
    }
    @JsonController("/old")
    class Old extends OldBase {
      @Get("/action") action() {}
    }
    createExpressServer({ controllers: [Old], middlewares: [None] });
    for (const decorate of [
      () => Authorized()(Old),
      () => Authorized()(OldBase),
      () => Authorized()(Old.prototype, "action"),
      () => Public()(Old),
    ])
      expect(decorate).to.throw(OptionError, "already has a server");
    expect(() => Authorized()(class New extends Old {})).not.to.throw();
  });
});

/** Starts an application whose error handler sends the code of the error. */
async function withErrors(app: Express): Promise<Browser> {
  app.use((error: unknown, _req: Request, res: Response, _next: NextFunction) => {
    res.status(500).send(isLatchkeyError(error) ? error.code : String(error));
  });
  return new Browser(await serve(app));
}
