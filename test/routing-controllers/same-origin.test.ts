import { expect } from "chai";
import type { Request } from "express";
import { type LoginManager, loginUser, logoutUser, sameOriginRequired } from "latchkey";
import { Authorized, loginMiddleware } from "latchkey/routing-controllers";
import {
  createExpressServer,
  Get,
  JsonController,
  Middleware,
  OnUndefined,
  Post,
  Req,
  UseBefore,
  useExpressServer,
} from "routing-controllers";
import { apiClient } from "../support/browser.js";
import { expressVersions } from "../support/express.js";
import { type Person, people } from "../support/people.js";
import { setUp } from "../support/stages.js";

const EVIL = { origin: "https://evil.example", "sec-fetch-site": "cross-site" };
const { ann } = people();

/** Returns a new controller. */
function newController() {
  @JsonController()
  class Accounts {
    @Post("/login")
    @OnUndefined(204)
    async logIn(@Req() req: Request) {
      await loginUser(req, ann);
    }

    @Post("/logout")
    @OnUndefined(204)
    async logOut(@Req() req: Request) {
      await logoutUser(req);
    }

    @Authorized()
    @Get("/me")
    me(@Req() req: Request) {
      return { name: (req.user as Person).name };
    }
  }
  return Accounts;
}

/** Expects that another site can neither log the user in nor out, and that the site itself can. */
async function expectRefusals(origin: string, login: LoginManager<Person>): Promise<void> {
  let refused = 0;
  login.on("crossOriginRefused", () => refused++);
  const client = apiClient(origin);
  expect((await client.post("/login", { headers: EVIL })).json()).to.include({ status: 403, code: "cross_origin" });
  expect(client.jar.serializeSync()?.cookies).to.eql([]);
  expect((await client.post("/login", { headers: { origin } })).status).to.equal(204);
  expect((await client.post("/logout", { headers: EVIL })).status).to.equal(403);
  expect((await client.get("/me", { headers: EVIL })).json()).to.eql({ name: "Ann" });
  expect((await client.post("/logout", { headers: { origin } })).status).to.equal(204);
  expect((await client.get("/me")).status).to.equal(401);
  expect(refused).to.equal(2);
}

describe("sameOriginRequired with routing-controllers", () => {
  for (const { name, express } of expressVersions) {
    it(`refuses requests of other sites if it is mounted before useExpressServer: ${name}`, async () => {
      const { origin, login } = await setUp((manager) => {
        const app = express();
        manager?.init(app);
        app.use(sameOriginRequired());
        useExpressServer(app, { controllers: [newController()], middlewares: [class None {}] });
        return app;
      });
      await expectRefusals(origin, login);
    });
  }

  it("refuses requests of other sites if it is a global middleware: createExpressServer", async () => {
    class SameOrigin {
      use = sameOriginRequired();
    }
    Middleware({ type: "before", priority: -1 })(SameOrigin);
    const { origin, login } = await setUp((manager) =>
      createExpressServer({ controllers: [newController()], middlewares: [SameOrigin, loginMiddleware(manager!)] }),
    );
    await expectRefusals(origin, login);
  });

  it("refuses requests of other sites if it is in @UseBefore of a controller: createExpressServer", async () => {
    const Accounts = newController();
    UseBefore(sameOriginRequired())(Accounts);
    const { origin, login } = await setUp((manager) =>
      createExpressServer({ controllers: [Accounts], middlewares: [loginMiddleware(manager!)] }),
    );
    await expectRefusals(origin, login);
  });
});
