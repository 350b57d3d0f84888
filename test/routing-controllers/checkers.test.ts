import { expect } from "chai";
import type { Request } from "express";
import { type LoginManager, loginUser } from "latchkey";
import { Authorized, CurrentUser, Get, JsonController, Post, Req } from "routing-controllers";
import { expressVersions } from "../support/express.js";
import type { Person } from "../support/people.js";
import { controllersOn, setUp } from "../support/stages.js";

const JSON_ONLY = { accept: "application/json" };
let somebody: Person;

@JsonController()
class Routes {
  @Authorized() @Get("/me") me(@CurrentUser() user: Person) {
    return { name: user.name };
  }
  @Authorized("admin") @Get("/admin") admin() {
    return {};
  }
  @Authorized(["audit", "admin"]) @Get("/either") either() {
    return {};
  }
  @Get("/maybe") maybe(@CurrentUser() user: Person | null) {
    return { isNull: user === null };
  }
  @Get("/required") required(@CurrentUser({ required: true }) user: Person) {
    return { name: user.name };
  }
  @Post("/login") async login(@Req() req: Request) {
    await loginUser(req, somebody, { remember: true });
    throw Object.assign(new Error("after the login"), { httpCode: 400, status: 400 });
  }
}

describe("the checkers for routing-controllers' own decorators", () => {
  for (const { name, express } of expressVersions) {
    for (const defaultErrorHandler of [true, false]) {
      describe(`on ${name}, ${defaultErrorHandler ? "with" : "without"} the default error handler`, () => {
        const open = async () => {
          const scene = await setUp((login) => {
            const { authorizationChecker, currentUserChecker } = login as LoginManager<Person>;
            return controllersOn(express, {
              controllers: [Routes],
              authorizationChecker,
              currentUserChecker,
              defaultErrorHandler,
            })(login);
          });
          somebody = scene.bob;
          return scene;
        };

        it("send 401 to anonymous and inactive users, and 403 to users without the role", async () => {
          const { ann, bob, cid, as } = await open();
          const statuses = async (person?: Person) => {
            const client = await as(person, JSON_ONLY);
            return Promise.all(["me", "admin", "either"].map(async (path) => (await client.get(`/${path}`)).status));
          };
          expect(await statuses()).to.deep.equal([401, 401, 401]);
          expect(await statuses(cid)).to.deep.equal([401, 401, 401]);
          expect(await statuses(bob)).to.deep.equal([200, 403, 403]);
          expect(await statuses(ann)).to.deep.equal([200, 200, 200]);
          bob.roles = ["audit"];
          expect(await statuses(bob)).to.deep.equal([200, 403, 200]);
        });

        it("pass the user to the action, or null if nobody is logged in", async () => {
          const { ann, as } = await open();
          const [nobody, user] = [await as(undefined, JSON_ONLY), await as(ann, JSON_ONLY)];
          expect((await user.get("/me")).json()).to.deep.equal({ name: "Ann" });
          expect((await nobody.get("/maybe")).json()).to.deep.equal({ isNull: true });
          expect((await user.get("/required")).json()).to.deep.equal({ name: "Ann" });
          // Without that handler, Express reads `status`, which the error of routing-controllers does not have.
          expect((await nobody.get("/required")).status).to.equal(defaultErrorHandler ? 401 : 500);
        });

        it("keep a login if the action fails after it", async () => {
          const { as } = await open();
          for (let i = 0; i < 20; i++) {
            const browser = await as(undefined, JSON_ONLY);
            const failed = await browser.post("/login");
            expect(failed.status).to.equal(400);
            expect(failed.cookies.map((cookie) => cookie.split("=")[0])).to.have.members(["sid", "remember"]);
            if (defaultErrorHandler) expect(failed.json()).to.include({ message: "after the login" });
            expect((await browser.get("/me")).json()).to.deep.equal({ name: "Bob" });
          }
        });
      });
    }
  }
});
