import { expect } from "chai";
import { freshLoginRequired, OptionError } from "latchkey";
import * as nestjs from "latchkey/nestjs";
import * as routingControllers from "latchkey/routing-controllers";

for (const [entry, { decoratorsFor, Public, ...ofFirst }] of Object.entries({ nestjs, routingControllers })) {
  describe(`the decorators of ${entry}`, () => {
    it("are errors if they are not called, because nothing would be guarded", () => {
      class Account {
        act() {}
      }
      const { prototype } = Account;
      const descriptor = Object.getOwnPropertyDescriptor(prototype, "act");
      for (const { Authorized, Fresh, NotImpersonated, CurrentUser } of [ofFirst, decoratorsFor("staff")]) {
        for (const [name, decorate] of Object.entries({ Authorized, Fresh, NotImpersonated, CurrentUser, Public })) {
          const use = decorate as unknown as (...given: unknown[]) => unknown;
          expect(() => use(Account), name).to.throw(OptionError, `call it: @${name}()`);
          expect(() => use(prototype, "act", descriptor), name).to.throw(OptionError, `call it: @${name}()`);
          expect(() => use(prototype, "act", 0), name).to.throw(OptionError, `call it: @${name}()`);
        }
      }
    });

    it("are errors if an option is unknown, because the guard would require less", () => {
      const { Fresh } = ofFirst;
      expect(() => Fresh({ method: ["otp"] } as never)).to.throw(OptionError, "method: unknown option");
      expect(() => Fresh("10m" as never)).to.throw(OptionError, "not a string");
      expect(() => Fresh(null as never)).to.throw(OptionError, "not null");
      expect(() => Fresh(undefined)).not.to.throw();
    });
  });
}

describe("the options of freshness", () => {
  it("are errors if they are unknown", () => {
    expect(() => freshLoginRequired({ method: ["otp"] } as never)).to.throw(OptionError, "method: unknown option");
  });
});
