import { Controller, Get, UseGuards } from "@nestjs/common";
import { APP_GUARD } from "@nestjs/core";
import { RouterExecutionContext } from "@nestjs/core/router/router-execution-context.js";
import { expect } from "chai";
import { OptionError } from "latchkey";
import { Authorized, CurrentUser, Fresh, LoginGuard, Public } from "latchkey/nestjs";
import sinon from "sinon";
import type { Person } from "../support/people.js";
import { clients, statuses } from "./clients.js";

const GLOBAL = { providers: [{ provide: APP_GUARD, useClass: LoginGuard }] };
type Method = (...args: unknown[]) => unknown;

/** Copies methods to another class, as the mixins in the TypeScript handbook do. */
function copyMethods(from: { prototype: object }, to: { prototype: object }): void {
  const { constructor: _, ...methods } = Object.getOwnPropertyDescriptors(from.prototype);
  Object.defineProperties(to.prototype, methods);
}

for (const [name, more] of Object.entries({ with: GLOBAL, without: {} })) {
  const open = name === "with" ? "401 200 200" : "200 200 200";

  describe(`the decorators of latchkey/nestjs, ${name} the global guard`, () => {
    it("hold for methods that are copied to another class", async () => {
      class Mixin {
        @Authorized("admin") @Get("audit") audit() {
          return "audit";
        }
        @Fresh({ methods: ["otp"] }) @Get("pay") pay() {
          return "pay";
        }
        @Public() @Get("prices") prices() {
          return "prices";
        }
        @Get("rest") rest() {
          return "rest";
        }
      }
      @Controller("plain")
      class Plain {}
      @Authorized()
      @Controller("closed")
      class Closed {}
      @Controller("own")
      class Own {}
      for (const one of [Plain, Closed, Own]) copyMethods(Mixin, one);
      Public()(Own.prototype, "audit");
      const all = await clients([Plain, Closed, Own], more);
      expect(await statuses(all, "/plain/audit")).to.equal("401 403 200");
      expect(await statuses(all, "/plain/pay")).to.equal("401 403 403");
      expect(await statuses(all, "/plain/prices")).to.equal("200 200 200");
      expect(await statuses(all, "/plain/rest")).to.equal(open);
      expect(await statuses(all, "/closed/audit")).to.equal("401 403 200");
      expect(await statuses(all, "/closed/prices")).to.equal("200 200 200");
      expect(await statuses(all, "/closed/rest")).to.equal("401 200 200");
      expect(await statuses(all, "/own/audit")).to.equal("200 200 200");
      expect(await statuses(all, "/own/pay")).to.equal("401 403 403");
    });

    it("hold for a base class that is decorated after its subclass got guards", async () => {
      class Base {
        @Get("late") late() {
          return "late";
        }
      }
      class Own {
        canActivate() {
          return true;
        }
      }
      @UseGuards(Own)
      @Controller("sub")
      class Sub extends Base {}
      Authorized("admin")(Base.prototype, "late");
      expect(await statuses(await clients([Sub], more), "/sub/late")).to.equal("401 403 200");
    });

    it("hold for handlers that a library wraps, as OpenTelemetry does", async () => {
      const { create } = RouterExecutionContext.prototype;
      sinon.stub(RouterExecutionContext.prototype, "create").callsFake(function (this: never, ...args) {
        const [instance, handler, ...rest] = args as unknown as [object, Method, ...unknown[]];
        const wrapped = function (this: object, ...given: unknown[]) {
          return handler.apply(this, given);
        };
        Object.defineProperty(wrapped, "name", { value: handler.name });
        for (const key of Reflect.getMetadataKeys(handler) as string[]) {
          Reflect.defineMetadata(key, Reflect.getMetadata(key, handler), wrapped);
        }
        return create.apply(this, [instance, wrapped, ...rest] as never);
      });
      try {
        @Controller("shop")
        class Shop {
          @Get("orders") orders(@CurrentUser() user: Person) {
            return user.name;
          }
          @Authorized("admin") @Get("audit") audit() {
            return "audit";
          }
          @Public() @Get("prices") prices() {
            return "prices";
          }
        }
        const all = await clients([Shop], more);
        expect(await statuses(all, "/shop/orders")).to.equal(open);
        expect(await statuses(all, "/shop/audit")).to.equal("401 403 200");
        expect(await statuses(all, "/shop/prices")).to.equal("200 200 200");
      } finally {
        sinon.restore();
      }
    });

    it("hold for handlers that are bound in a constructor, or replaced in the prototype later", async () => {
      @Controller("shop")
      class Shop {
        constructor() {
          for (const key of ["orders", "audit", "prices"] as const) this[key] = this[key].bind(this);
        }
        @Get("orders") orders() {
          return "orders";
        }
        @Authorized("admin") @Get("audit") audit() {
          return "audit";
        }
        @Public() @Get("prices") prices() {
          return "prices";
        }
      }
      @Controller("spied")
      class Spied {
        @Authorized("admin") @Get("audit") audit() {
          return "audit";
        }
      }
      const all = await clients([Shop, Spied], more);
      sinon.stub(Spied.prototype, "audit");
      expect(await statuses(all, "/spied/audit")).to.equal("401 403 200");
      sinon.restore();
      expect(await statuses(all, "/shop/orders")).to.equal(open);
      expect(await statuses(all, "/shop/audit")).to.equal("401 403 200");
      expect(await statuses(all, "/shop/prices")).to.equal("200 200 200");
    });

    it("refuse a handler that has no method", async () => {
      @Authorized()
      @Controller("lost")
      class Lost {
        constructor() {
          const { act } = this;
          this.act = (() => act.call(this)) as typeof act;
          Object.defineProperty(this.act, "name", { value: "unknown" });
        }
        @Get() act() {
          return "ran";
        }
      }
      expect(await statuses(await clients([Lost], more), "/lost")).to.equal("500 500 500");
    });
  });
}

describe("the decorators of latchkey/nestjs on something else than a method", () => {
  it("are errors, because nothing would be guarded", () => {
    const guard = Authorized() as (target: object, name: string, more?: unknown) => void;
    class Row {
      salary = 1;
      static all() {}
      get total() {
        return 1;
      }
      method() {}
    }
    const total = Object.getOwnPropertyDescriptor(Row.prototype, "total");
    expect(() => guard(Row.prototype, "salary")).to.throw(OptionError, "Row.salary");
    expect(() => guard(Row, "all", Object.getOwnPropertyDescriptor(Row, "all"))).to.throw(OptionError, "Row.all");
    expect(() => guard(Row.prototype, "total", total)).to.throw(OptionError, "Row.total");
    expect(() => guard(Row.prototype, "method", 0)).to.throw(OptionError, "Row.method");
    expect(() => Public()(Row.prototype, "salary")).to.throw(OptionError, "Row.salary");
    expect(() => guard(Row.prototype, "method")).not.to.throw();
  });
});
