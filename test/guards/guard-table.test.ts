import { expect } from "chai";
import { OptionError } from "latchkey";
import { Authorized, Fresh, guardTable, Public } from "latchkey/routing-controllers";
import { All, Controller, Get, JsonController, Post } from "routing-controllers";

abstract class Base {
  @Fresh({ within: "10m" }) @Post("/password") password() {}
  @Get("/shared") shared() {}
}

@Authorized()
@Controller("/account")
class Account extends Base {
  @Get() show() {}
  @Authorized("admin", "audit") @Fresh() @Get("/audit") audit() {}
  @Public() @All("/help") help() {}
  @Get("/a") @Post("/b") both() {}
  @Get(/\/(\d+)/) pattern() {}
}

@JsonController()
class Open {
  @Get("/open") open() {}
  @Get() root() {}
}

describe("guardTable", () => {
  it("lists every route with its guard", () => {
    expect(guardTable([Account, Open])).to.deep.equal([
      { method: "GET", path: "/account", action: "Account.show", guard: "login", roles: [] },
      { method: "GET", path: "/account/audit", action: "Account.audit", guard: "roles", roles: [["admin", "audit"]] },
      { method: "ALL", path: "/account/help", action: "Account.help", guard: "public", roles: [] },
      { method: "POST", path: "/account/b", action: "Account.both", guard: "login", roles: [] },
      { method: "GET", path: "/account/a", action: "Account.both", guard: "login", roles: [] },
      { method: "GET", path: "/^\\/account\\/(\\d+)\\/?$/", action: "Account.pattern", guard: "login", roles: [] },
      {
        method: "POST",
        path: "/account/password",
        action: "Account.password",
        guard: "fresh",
        roles: [],
        within: 600_000,
      },
      { method: "GET", path: "/account/shared", action: "Account.shared", guard: "login", roles: [] },
      { method: "GET", path: "/open", action: "Open.open", guard: "public", roles: [] },
      { method: "GET", path: "/", action: "Open.root", guard: "public", roles: [] },
    ]);
  });

  it("adds routePrefix to each path in the same way as routing-controllers", () => {
    for (const routePrefix of ["/api", "api"]) {
      const paths = guardTable([Open], { routePrefix }).map(({ path }) => path);
      expect(paths).to.deep.equal(["/api/open", "/api"]);
    }
  });

  it("rejects a class that is not a controller", () => {
    expect(() => guardTable([Base])).to.throw(OptionError, "Base is not a @Controller or @JsonController");
  });
});
