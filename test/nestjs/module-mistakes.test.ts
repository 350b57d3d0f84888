import { type ModuleMetadata, Scope } from "@nestjs/common";
import { expect } from "chai";
import { LoginManager } from "latchkey";
import { LatchkeyModule } from "latchkey/nestjs";
import { people, SECRET } from "../support/people.js";
import { nestSite } from "./site.js";

const make = (realm?: string) => new LoginManager({ secret: SECRET, userLoader: people().load, realm });

/** Starts a site with these imports, and returns the message of the error. */
async function failure(imports: () => NonNullable<ModuleMetadata["imports"]>): Promise<string> {
  try {
    await nestSite({ imports });
    return "started";
  } catch (error) {
    return (error as Error).message;
  }
}

describe("an application that uses LatchkeyModule in a wrong way does not start", () => {
  it("if it is imported twice", async () => {
    const twice = "imported twice";
    expect(await failure(() => [LatchkeyModule.forRoot(make()), LatchkeyModule.forRoot(make("staff"))])).to.include(
      twice,
    );
    const [customers, staff] = [make(), make("staff")];
    const asynchronous = [customers, staff].map((login) => LatchkeyModule.forRootAsync({ useFactory: () => login }));
    expect(await failure(() => asynchronous)).to.include(twice);
    const login = LatchkeyModule.forRoot(make());
    expect(await failure(() => [login, { module: class Feature {}, imports: [login] }])).to.equal("started");
  });

  it("if forRootAsync has no function", async () => {
    for (const wrong of [undefined, {}, { useClass: class {} }, { useFactory: make() }]) {
      expect(await failure(() => [LatchkeyModule.forRootAsync(wrong as never)])).to.include(
        "useFactory: expected a function",
      );
    }
  });

  it("if a manager would be request-scoped", async () => {
    class Tenant {}
    const imports = [
      {
        module: class Tenants {},
        exports: [Tenant],
        providers: [{ provide: Tenant, useClass: Tenant, scope: Scope.REQUEST }],
      },
    ];
    const login = LatchkeyModule.forRootAsync({ imports, inject: [Tenant], useFactory: () => make() });
    expect(await failure(() => [login])).to.include("request-scoped");
  });

  it("if a promise is given instead of a manager", async () => {
    expect(await failure(() => [LatchkeyModule.forRoot(Promise.resolve(make()) as never)])).to.include("not a promise");
  });
});
