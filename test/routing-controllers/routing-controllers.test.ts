import { expect } from "chai";
import { type AnonymousUser, OptionError } from "latchkey";
import { Authorized, CurrentUser, Fresh, Public } from "latchkey/routing-controllers";
import { Body, Controller, Get, JsonController, Post } from "routing-controllers";
import sinon from "sinon";
import { expressVersions } from "../support/express.js";
import type { Person } from "../support/people.js";
import { controllersOn, setUp } from "../support/stages.js";

const JSON_ONLY = { accept: "application/json" };
@Authorized("admin")
@JsonController("/class")
class GuardedClass {
  @Get("/plain") plain() {
    return "plain";
  }
  @Authorized("audit") @Get("/audit") audit() {
    return "audit";
  }
  @Authorized("audit", "staff") @Get("/either") either() {
    return "either";
  }
  @Authorized("audit") @Authorized("staff") @Get("/both") both() {
    return "both";
  }
  @Fresh() @Fresh({ within: "10m" }) @Fresh({ within: "1h" }) @Get("/fresh") fresh() {
    return "fresh";
  }
  @Public() @Get("/public") public() {
    return "public";
  }
  @Get("/public/of/another") another() {
    return "another";
  }
}

@Controller("/order")
@Authorized()
class AnyOrder {
  @Authorized("audit") @Get("/above") above() {
    return "above";
  }
  @Get("/below") @Authorized("audit") below() {
    return "below";
  }
  @Get("/public") @Public() public() {
    return "public";
  }
}

@JsonController("/user")
class Users {
  @Get("/me") me(@CurrentUser() user: Person) {
    return user.name;
  }
  @Get("/anybody") anybody(@CurrentUser() user: Person | AnonymousUser) {
    return { anonymous: user.isAnonymous, id: user.getId() };
  }
}

@Authorized()
@JsonController("/bodies")
class Bodies {
  @Post("/json") json(@Body() body: unknown) {
    return { got: typeof body };
  }
}

describe("decorators of controllers", () => {
  for (const { name, express } of expressVersions) {
    describe(`on ${name}`, () => {
      const open = () =>
        setUp(
          controllersOn(express, {
            controllers: [GuardedClass, AnyOrder, Users, Bodies],
          }),
        );

      it("on a class and on its method apply together", async () => {
        const { ann, bob, as } = await open();
        const statuses = async (person: Person | undefined, options = {}) => {
          const client = await as(person, { ...JSON_ONLY, ...options });
          const paths = ["plain", "audit", "either", "both", "fresh", "public", "public/of/another"];
          return Promise.all(paths.map(async (path) => (await client.get(`/class/${path}`)).status));
        };
        expect(await statuses(undefined)).to.deep.equal([401, 401, 401, 401, 401, 200, 401]);
        expect(await statuses(bob)).to.deep.equal([403, 403, 403, 403, 403, 200, 403]);
        expect(await statuses(ann)).to.deep.equal([200, 403, 403, 403, 200, 200, 200]);
        expect(await statuses(ann, { remember: true })).to.deep.equal([200, 403, 403, 403, 403, 200, 200]);
        bob.roles = ["audit"];
        expect(await statuses(bob)).to.deep.equal([403, 403, 403, 403, 403, 200, 403]);
        ann.roles = ["admin", "staff"];
        expect(await statuses(ann)).to.deep.equal([200, 403, 200, 403, 200, 200, 200]);
        ann.roles = ["admin", "audit"];
        expect(await statuses(ann)).to.deep.equal([200, 200, 200, 403, 200, 200, 200]);
        ann.roles = ["admin", "staff", "audit"];
        expect(await statuses(ann)).to.deep.equal([200, 200, 200, 200, 200, 200, 200]);
      });

      it("require the freshest login that one of them requires", async () => {
        const clock = sinon.useFakeTimers({ now: Date.now(), toFake: ["Date"] });
        try {
          const { ann, as } = await open();
          const client = await as(ann, JSON_ONLY);
          clock.tick(10 * 60_000);
          expect((await client.get("/class/fresh")).status).to.equal(200);
          clock.tick(1);
          expect((await client.get("/class/fresh")).status).to.equal(403);
        } finally {
          clock.restore();
        }
      });

      it("work in any order", async () => {
        const { ann, bob, as } = await open();
        bob.roles = ["audit"];
        const [nobody, user, auditor] = [await as(), await as(ann), await as(bob)];
        for (const path of ["/order/above", "/order/below"]) {
          expect((await nobody.get(path)).status).to.equal(401);
          expect((await user.get(path)).status).to.equal(403);
          expect((await auditor.get(path)).status).to.equal(200);
        }
        expect((await nobody.get("/order/public")).text).to.equal("public");
      });

      it("pass an action the current user, or the anonymous user", async () => {
        const { ann, as } = await open();
        const [nobody, user] = [await as(), await as(ann)];
        expect((await user.get("/user/me")).json()).to.equal("Ann");
        expect((await user.get("/user/anybody")).json()).to.deep.equal({ anonymous: false, id: "1" });
        expect((await nobody.get("/user/anybody")).json()).to.deep.equal({ anonymous: true, id: null });
      });

      it("reject a request before its body is read", async () => {
        const { ann, as } = await open();
        const [nobody, user] = [await as(undefined, JSON_ONLY), await as(ann, JSON_ONLY)];
        const headers = { "content-type": "application/json" };
        const post = (body: string, cookie = "") =>
          fetch(`${nobody.origin}/bodies/json`, { method: "POST", body, headers: { ...headers, cookie } });
        const cookie = await user.jar.getCookieString(nobody.origin);
        const large = JSON.stringify("x".repeat(5 * 1024 * 1024));
        expect((await post("{ not json", cookie)).status).to.equal(400);
        expect((await post(large, cookie)).status).to.equal(413);
        expect((await post("{}", cookie)).status).to.equal(200);
        for (const body of ["{ not json", large, "{}"]) expect((await post(body)).status).to.equal(401);
      });
    });
  }

  it("throw if they contradict each other, or cannot work", () => {
    expect(() => {
      class Contradiction {
        @Public() @Authorized() both() {}
      }
      return Contradiction;
    }).to.throw(OptionError, "Contradiction.both is declared both public and guarded");
    expect(() => {
      class Contradiction {
        @Authorized() @Public() both() {}
      }
      return Contradiction;
    }).to.throw(OptionError, "Contradiction.both is declared both public and guarded");
    expect(() => {
      @Public()
      @Authorized()
      class Contradiction {}
      return Contradiction;
    }).to.throw(OptionError, "@Public: Contradiction is declared both public and guarded");
    expect(() => {
      @Authorized()
      class Guarded {}
      class Between extends Guarded {}
      @Public()
      class Contradiction extends Between {}
      return Contradiction;
    }).to.throw(OptionError, "Contradiction is declared public, but its base class Guarded is guarded");
    expect(() => Authorized()(class Standard {}, { kind: "class" } as never)).to.throw(
      OptionError,
      "experimentalDecorators",
    );
    expect(() => Authorized("")).to.throw(OptionError, "roles");
    expect(() => Fresh({ within: "soon" })).to.throw(OptionError, "within");
  });
});
