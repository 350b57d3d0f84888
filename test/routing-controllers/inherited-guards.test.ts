import { expect } from "chai";
import type { Request, Response } from "express";
import { Authorized, Fresh, Public } from "latchkey/routing-controllers";
import { Controller, Get, Authorized as ItsAuthorized, JsonController, UseBefore } from "routing-controllers";
import { expressVersions } from "../support/express.js";
import { controllersOn, setUp } from "../support/stages.js";

const forbid = (_req: Request, res: Response) => void res.sendStatus(401);

abstract class ItsOwnBase {
  @ItsAuthorized() @Get("/authorized") authorized() {
    return "the secret";
  }
  @UseBefore(forbid) @Get("/used") used() {
    return "the secret";
  }
}
@JsonController("/its-own")
class ItsOwn extends ItsOwnBase {}

abstract class Base {
  @Authorized() @Get("/guarded") guarded() {
    return "guarded";
  }
  @Authorized("admin") @Fresh() @Get("/admin") admin() {
    return "admin";
  }
  @Get("/plain") plain() {
    return "plain";
  }
  @Public() @Get("/public") public() {
    return "public";
  }
}
@JsonController("/inherits")
class Inherits extends Base {
  @Get("/own") own() {
    return "own";
  }
}
class Between extends Base {}
@Controller("/twice")
class InheritsTwice extends Between {}
@Authorized()
@JsonController("/guarded-class")
class GuardedSubclass extends Base {}

@Authorized()
abstract class GuardedBase {
  @Get("/inherited") inherited() {
    return "inherited";
  }
  @Public() @Get("/public") public() {
    return "public";
  }
  @Get("/overridden") overridden() {
    return "overridden";
  }
}
@JsonController("/of-guarded")
class OfGuarded extends GuardedBase {
  @Get("/own") own() {
    return "own";
  }
  @Authorized("admin") @Get("/own/admin") ownAdmin() {
    return "admin";
  }
  @Public() @Get("/own/public") ownPublic() {
    return "public";
  }
  override overridden() {
    return "overridden without a route";
  }
}

@JsonController("/overrides")
class Overrides extends Base {
  @Get("/guarded") override guarded() {
    return "again";
  }
  @Authorized("admin") @Get("/plain") override plain() {
    return "narrower";
  }
  @Public() @Get("/admin") override admin() {
    return "opened";
  }
}

/** A class decorator that replaces the decorated class with a subclass. */
// biome-ignore lint/suspicious/noExplicitAny: TypeScript requires any[] for the base of a mixin
function replaced<C extends new (...args: any[]) => object>(Class: C) {
  return class extends Class {};
}
@JsonController("/replaced")
@replaced
@Authorized()
class Replaced {
  @Get("/own") own() {
    return "own";
  }
}

const controllers = [ItsOwn, Inherits, InheritsTwice, GuardedSubclass, OfGuarded, Overrides, Replaced];

describe("inherited actions", () => {
  for (const { name, express } of expressVersions) {
    describe(`on ${name}`, () => {
      const open = (options = {}) => setUp(controllersOn(express, { controllers, ...options }));

      it("keep the guards of latchkey, although routing-controllers loses its own", async () => {
        const { ann, as } = await open({ authorizationChecker: () => false });
        const [nobody, user] = [await as(), await as(ann)];
        for (const path of ["/its-own/authorized", "/its-own/used"]) {
          const answer = await nobody.get(path);
          expect([answer.status, answer.text], path).to.deep.equal([200, '"the secret"']);
        }
        for (const path of ["/inherits/guarded", "/inherits/admin", "/twice/guarded", "/twice/admin"]) {
          expect((await nobody.get(path)).status, path).to.equal(401);
          expect((await user.get(path)).status, path).to.equal(200);
        }
        for (const path of ["/inherits/plain", "/inherits/own", "/inherits/public", "/twice/public"]) {
          expect((await nobody.get(path)).status, path).to.equal(200);
        }
      });

      it("keep their requirements for roles and fresh logins", async () => {
        const { ann, bob, as } = await open();
        expect((await (await as(bob)).get("/inherits/admin")).status).to.equal(403);
        expect((await (await as(ann, { remember: true })).get("/twice/admin")).status).to.equal(403);
      });

      it("require a fresh login only if one of their decorators requires it", async () => {
        const { ann, as } = await open();
        const remembered = await as(ann, { fresh: false });
        expect((await remembered.get("/of-guarded/own/admin")).status).to.equal(200);
        expect((await remembered.get("/inherits/admin")).status).to.equal(403);
      });

      it("need a login if their base class or a subclass is guarded", async () => {
        const { ann, bob, as } = await open();
        const [nobody, user, admin] = [await as(), await as(bob), await as(ann)];
        const guarded = ["inherited", "overridden", "own", "own/admin"].map((path) => `/of-guarded/${path}`);
        // A method that is public in the base class is not public in a guarded subclass.
        guarded.push("/guarded-class/plain", "/guarded-class/guarded", "/guarded-class/public");
        for (const path of guarded) {
          expect((await nobody.get(path)).status, path).to.equal(401);
          expect((await user.get(path)).status, path).to.equal(path.endsWith("/admin") ? 403 : 200);
          expect((await admin.get(path)).status, path).to.equal(200);
        }
        for (const path of ["/of-guarded/public", "/of-guarded/own/public"]) {
          expect((await nobody.get(path)).status, path).to.equal(200);
        }
      });

      it("keep their guards when they are overridden, unless the override is public", async () => {
        const { bob, as } = await open();
        const [nobody, user] = [await as(), await as(bob)];
        expect((await nobody.get("/overrides/guarded")).status).to.equal(401);
        expect((await user.get("/overrides/guarded")).json()).to.equal("again");
        expect((await nobody.get("/overrides/plain")).status).to.equal(401);
        expect((await user.get("/overrides/plain")).status).to.equal(403);
        expect((await nobody.get("/overrides/admin")).json()).to.equal("opened");
        expect((await nobody.get("/replaced/own")).status).to.equal(401);
      });
    });
  }
});
