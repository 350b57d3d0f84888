import { Controller, Get, HttpCode, Post, SetMetadata, UseGuards } from "@nestjs/common";
import { APP_GUARD } from "@nestjs/core";
import { expect } from "chai";
import { OptionError } from "latchkey";
import { Authorized, CurrentUser, Fresh, LoginGuard, Public } from "latchkey/nestjs";
import type { Person } from "../support/people.js";
import { clients, statuses } from "./clients.js";

const GLOBAL = { providers: [{ provide: APP_GUARD, useClass: LoginGuard }] };

describe("the decorators of latchkey/nestjs", () => {
  it("deny by default with LoginGuard as APP_GUARD, and open what is public", async () => {
    @Controller("shop")
    class Shop {
      @Get("orders") orders() {
        return "orders";
      }
      @Public() @Get("prices") prices() {
        return "prices";
      }
      @Authorized("admin") @Get("audit") audit() {
        return "audit";
      }
      @Fresh({ methods: ["otp"] }) @Get("pay") pay() {
        return "pay";
      }
    }
    @Public()
    @Controller("help")
    class Help {
      @Get() help() {
        return "help";
      }
      @Authorized() @Get("mine") mine() {
        return "mine";
      }
      @UseGuards(LoginGuard) @Get("named") named() {
        return "named";
      }
    }
    @UseGuards(LoginGuard)
    @Public()
    @Controller("contrary")
    class Contrary {
      @Get() closed() {
        return "closed";
      }
      @Public() @Get("open") open() {
        return "open";
      }
    }
    const all = await clients([Shop, Help, Contrary], GLOBAL);
    expect(await statuses(all, "/contrary")).to.equal("401 200 200");
    expect(await statuses(all, "/contrary/open")).to.equal("200 200 200");
    expect(await statuses(all, "/shop/orders")).to.equal("401 200 200");
    expect(await statuses(all, "/shop/prices")).to.equal("200 200 200");
    expect(await statuses(all, "/shop/audit")).to.equal("401 403 200");
    expect(await statuses(all, "/shop/pay")).to.equal("401 403 403");
    expect(await statuses(all, "/help")).to.equal("200 200 200");
    expect(await statuses(all, "/help/mine")).to.equal("401 200 200");
    expect(await statuses(all, "/help/named")).to.equal("401 200 200");
    expect(await statuses(all, "/no/such/path")).to.equal("404 404 404");
  });

  it("guard without the global guard, and leave undeclared handlers open", async () => {
    @Controller("shop")
    class Shop {
      @Get("prices") prices() {
        return "prices";
      }
      @Authorized() @Get("orders") orders() {
        return "orders";
      }
    }
    @Authorized("admin")
    @Controller("office")
    class Office {
      @Get() desk() {
        return "desk";
      }
      @Public() @Get("door") door() {
        return "door";
      }
    }
    const all = await clients([Shop, Office]);
    expect(await statuses(all, "/shop/prices")).to.equal("200 200 200");
    expect(await statuses(all, "/shop/orders")).to.equal("401 200 200");
    expect(await statuses(all, "/office")).to.equal("401 403 200");
    expect(await statuses(all, "/office/door")).to.equal("200 200 200");
  });

  for (const name of ["with", "without"] as const) {
    it(`hold for inherited, overridden and renamed handlers, ${name} the global guard`, async () => {
      class Base {
        @Authorized("admin") @Get("inherited") inherited() {
          return "inherited";
        }
        @Authorized("admin") @Get("overridden") overridden() {
          return "base";
        }
        @Authorized() @Get("both") both() {
          return "both";
        }
        @Public() @Get("open") open() {
          return "open";
        }
      }
      @Controller("sub")
      class Sub extends Base {
        @Get("overridden") override overridden() {
          return "sub";
        }
        @Authorized("admin") @Get("both") override both() {
          return "sub";
        }
      }
      @Authorized("admin")
      @Controller("closed")
      class Closed extends Base {}
      const all = await clients([Sub, Closed], name === "with" ? GLOBAL : {});
      expect(await statuses(all, "/sub/inherited")).to.equal("401 403 200");
      expect(await statuses(all, "/sub/overridden")).to.equal("401 403 200");
      expect(await statuses(all, "/sub/both")).to.equal("401 403 200");
      expect(await statuses(all, "/sub/open")).to.equal("200 200 200");
      expect(await statuses(all, "/closed/open")).to.equal("401 403 200");
    });
  }

  it("hold beside the guards of the application, whatever their order", async () => {
    const asked: string[] = [];
    class Own {
      canActivate() {
        asked.push("own");
        return true;
      }
    }
    class Base {
      @Get("inherited") @Authorized("admin") inherited() {
        return "inherited";
      }
    }
    @UseGuards(Own)
    @Controller("a")
    class Above extends Base {
      @UseGuards(Own) @Authorized() @SetMetadata("x", 1) @Get("one") one() {
        return "one";
      }
      @Authorized() @UseGuards(Own) @Get("two") two() {
        return "two";
      }
    }
    const all = await clients([Above]);
    for (const path of ["/a/one", "/a/two"]) expect(await statuses(all, path), path).to.equal("401 200 200");
    expect(await statuses(all, "/a/inherited")).to.equal("401 403 200");
    expect(asked).to.have.length(9);
  });

  it("pass the user to a parameter, and the anonymous user if nobody is logged in", async () => {
    @Controller("me")
    class Me {
      @Get() me(@CurrentUser() user: Person) {
        return { name: user.name ?? null, anonymous: user.isAnonymous };
      }
    }
    const { nobody, bob } = await clients([Me]);
    expect((await nobody.get("/me")).json()).to.eql({ name: null, anonymous: true });
    expect((await bob.get("/me")).json()).to.eql({ name: "Bob", anonymous: false });
  });

  it("redirect a form with 303, and run no handler, interceptor or pipe of a refused request", async () => {
    let ran = 0;
    @Authorized()
    @Controller("form")
    class Form {
      @HttpCode(200) @Post() send() {
        ran++;
        return "sent";
      }
    }
    const { nobody } = await clients([Form]);
    const answer = await nobody.post("/form", { headers: { accept: "text/html" }, form: { a: "1" } });
    expect([answer.status, answer.location, ran]).to.eql([303, "/login", 0]);
  });

  it("are errors if they contradict each other, or if an argument is wrong", () => {
    expect(() => {
      @Public()
      @Authorized()
      class Both {}
      return Both;
    }).to.throw(OptionError, "Both is declared both public and guarded");
    expect(() => Authorized("")).to.throw(OptionError, "roles");
    expect(() => Fresh({ within: "soon" } as never)).to.throw(OptionError, "within");
    expect(() => Authorized()(class {}, { kind: "class" } as never)).to.throw(OptionError, "experimentalDecorators");
  });
});
