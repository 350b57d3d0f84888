import { fileURLToPath } from "node:url";
import { expect } from "chai";
import { LatchkeyError, LoginManager } from "latchkey";
import { Authorized, loginMiddleware } from "latchkey/routing-controllers";
import {
  Get,
  getMetadataArgsStorage,
  JsonController,
  MetadataArgsStorage,
  useExpressServer,
} from "routing-controllers";
import { expressVersions } from "../support/express.js";
import { type Person, people, SECRET } from "../support/people.js";
import { controllersOn, setUp } from "../support/stages.js";

@Authorized()
abstract class GuardedBase {
  @Get("/inherited") inherited() {
    return "inherited";
  }
}
@JsonController("/mounted")
class Mounted extends GuardedBase {
  @Authorized("admin") @Get("/admin") admin() {
    return "admin";
  }
  @Get("/own") own() {
    return "own";
  }
}

class None {}

describe("the guards of controllers", () => {
  for (const { name, express } of expressVersions) {
    describe(`on ${name}`, () => {
      it("run at every mount of a controller, whether it is listed, loaded from a folder or registered", async () => {
        const folder = fileURLToPath(new URL("../support/controllers/*.js", import.meta.url));
        const storage = getMetadataArgsStorage();
        const { ann, as } = await setUp((login) => {
          const app = express();
          login?.init(app);
          for (const routePrefix of ["/v1", "/v2"]) {
            useExpressServer(app, { controllers: [Mounted], routePrefix, middlewares: [None] });
          }
          useExpressServer(app, { controllers: [folder], middlewares: [None] });
          const { controllers } = storage;
          storage.controllers = controllers.filter(({ target }) => target === Mounted);
          useExpressServer(app, { routePrefix: "/all", middlewares: [None] });
          storage.controllers = controllers;
          return app;
        });
        const [nobody, user] = [await as(), await as(ann)];
        for (const prefix of ["/v1/mounted", "/v2/mounted", "/all/mounted", "/loaded"]) {
          for (const path of [`${prefix}/inherited`, `${prefix}/own`]) {
            expect((await nobody.get(path)).status, path).to.equal(401);
            expect((await user.get(path)).status, path).to.equal(200);
          }
        }
      });

      it("run even if the storage of routing-controllers is replaced or reset", async () => {
        const place = globalThis as { routingControllersMetadataArgsStorage?: MetadataArgsStorage };
        const before = getMetadataArgsStorage();
        try {
          for (const renew of [
            () => new MetadataArgsStorage(),
            () => Object.assign(new MetadataArgsStorage(), { ...before, controllers: [], actions: [] }),
          ]) {
            place.routingControllersMetadataArgsStorage = renew();
            @JsonController("/late")
            class Late extends GuardedBase {
              @Get("/own") own() {
                return "own";
              }
            }
            const { as } = await setUp(controllersOn(express, { controllers: [Late] }));
            expect((await (await as()).get("/late/own")).status).to.equal(401);
          }

          const { controllers: kept, actions } = place.routingControllersMetadataArgsStorage!;
          getMetadataArgsStorage().reset();
          Object.assign(getMetadataArgsStorage(), { controllers: kept, actions });
          const { as } = await setUp(controllersOn(express, { controllers: kept.map(({ target }) => target) }));
          expect((await (await as()).get("/late/own")).status).to.equal(401);
        } finally {
          place.routingControllersMetadataArgsStorage = before;
        }
      });
    });
  }

  it("throw at start if routing-controllers would not run them", () => {
    const place = globalThis as { routingControllersMetadataArgsStorage?: MetadataArgsStorage };
    const before = getMetadataArgsStorage();
    const deaf = Object.create(before, {
      filterUsesWithTargetAndMethod: { get: () => () => [], set() {} },
    }) as MetadataArgsStorage;
    try {
      place.routingControllersMetadataArgsStorage = deaf;
      for (let i = 0; i < 2; i++) {
        expect(() => Authorized()(class Unguarded {})).to.throw(LatchkeyError, "cannot guard");
      }
    } finally {
      place.routingControllersMetadataArgsStorage = before;
    }
  });

  it("use the login manager of their application, not the one of another server", async () => {
    const strangers = people();
    strangers.byId.get("2")!.roles = ["admin"];
    loginMiddleware(new LoginManager<Person>({ secret: SECRET, userLoader: strangers.load }));
    const { bob, as } = await setUp((login) => {
      const app = expressVersions[0].express();
      login?.init(app);
      // Without a list, routing-controllers uses every middleware in the process.
      useExpressServer(app, { controllers: [Mounted] });
      return app;
    });
    expect((await (await as(bob)).get("/mounted/admin")).status).to.equal(403);
  });
});
