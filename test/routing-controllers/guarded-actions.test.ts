import { expect } from "chai";
import type { Request, Response } from "express";
import { Authorized, Public } from "latchkey/routing-controllers";
import {
  All,
  Controller,
  Get,
  Head,
  JsonController,
  Method,
  OnUndefined,
  Patch,
  Post,
  Redirect,
  Res,
  UseAfter,
  UseBefore,
  UseInterceptor,
} from "routing-controllers";
import { expressVersions } from "../support/express.js";
import { controllersOn, setUp } from "../support/stages.js";

const JSON_ONLY = { accept: "application/json" };
const seen: string[] = [];
const see = (name: string) => (_req: Request, _res: Response, next: () => void) => {
  seen.push(name);
  next();
};

@Authorized()
@Controller("/answers")
class Answers {
  @Get("/redirect") @Redirect("/elsewhere") redirect() {}
  @Get("/response") response(@Res() res: Response) {
    return res.status(202).send("by hand");
  }
  @Get("/null") null() {
    return null;
  }
  @Get("/undefined") @OnUndefined(205) undefined() {}
  @Get(/\/(\d+)/) pattern() {
    return "pattern";
  }
  @Head("/head") head(@Res() res: Response) {
    return res.status(202).end();
  }
  @Method("purge" as never, "/purge") purge() {
    return "purge";
  }
  @Patch("/both") @Post("/both") both() {
    return "both";
  }
  @Get("/used")
  @UseBefore(see("before"))
  @UseAfter(see("after"))
  @UseInterceptor((_action: unknown, content: string) => `${content}, intercepted`)
  used() {
    return "used";
  }
}

@UseBefore(see("of the class"))
@Authorized()
@Controller("/overlap")
class Overlap {
  @Get("/one") @UseBefore(see("of the action")) one() {
    return "one";
  }
  @Public() @All("/two") two() {
    return "open two";
  }
  @All(/\/(\w+)/) any() {
    return "any";
  }
}

@JsonController("/named")
class NamedByHand {
  @Authorized() @Get("/number") 7() {
    return "seven";
  }
  @Authorized() @Get("/symbol") [Symbol.for("action")]() {
    return "symbol";
  }
  @Authorized() @Get("/proto") ["__proto__"]() {
    return "proto";
  }
}

describe("actions with @Authorized()", () => {
  for (const { name, express } of expressVersions) {
    describe(`on ${name}`, () => {
      const open = () => setUp(controllersOn(express, { controllers: [Answers, Overlap, NamedByHand] }));

      it("are guarded, whatever their method and response are", async () => {
        const { ann, as } = await open();
        const [nobody, user] = [await as(undefined, JSON_ONLY), await as(ann)];
        for (const [method, path, status, text] of [
          ["GET", "redirect", 302, "Found. Redirecting to /elsewhere"],
          ["GET", "response", 202, "by hand"],
          ["GET", "null", 204, ""],
          ["GET", "undefined", 205, ""],
          ["GET", "12", 200, "pattern"],
          ["GET", "used", 200, "used, intercepted"],
          ["HEAD", "used", 200, ""],
          ["HEAD", "head", 202, ""],
          ["PURGE", "purge", 200, "purge"],
          ["PATCH", "both", 200, "both"],
          ["POST", "both", 200, "both"],
        ] as const) {
          seen.length = 0;
          expect((await nobody.send(method, `/answers/${path}`)).status, path).to.equal(401);
          expect(seen).to.be.empty;
          const answer = await user.send(method, `/answers/${path}`, { headers: { accept: "text/plain" } });
          expect([answer.status, answer.text], path).to.deep.equal([status, text]);
          if (path === "used") expect(seen).to.deep.equal(["before", "after"]);
        }
      });

      it("are guarded after the middleware of their class, and where routes overlap", async () => {
        const { ann, as } = await open();
        const [nobody, user] = [await as(undefined, JSON_ONLY), await as(ann)];
        seen.length = 0;
        expect((await nobody.get("/overlap/one")).status).to.equal(401);
        expect(seen).to.deep.equal(["of the class"]);
        expect((await nobody.post("/overlap/one")).status).to.equal(401);
        expect((await nobody.get("/overlap/two")).text).to.equal("open two");
        expect((await nobody.get("/overlap/three")).status).to.equal(401);
        expect((await user.get("/overlap/one")).text).to.equal("one");
        expect((await user.post("/overlap/one")).text).to.equal("any");
      });

      it("are guarded when their name is a number, a symbol or __proto__", async () => {
        const { ann, as } = await open();
        const [nobody, user] = [await as(), await as(ann)];
        for (const path of ["number", "symbol", "proto"]) {
          expect((await nobody.get(`/named/${path}`)).status, path).to.equal(401);
          expect((await user.get(`/named/${path}`)).status, path).to.equal(200);
        }
      });
    });
  }
});
