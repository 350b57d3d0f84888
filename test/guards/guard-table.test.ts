import { expect } from "chai";
import { OptionError } from "latchkey";
import { Authorized, denyByDefault, Fresh, guardTable, Public } from "latchkey/routing-controllers";
import { All, Controller, createExpressServer, Get, JsonController, Post } from "routing-controllers";

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
      {
        method: "GET",
        path: "/account",
        action: "Account.show",
        guard: "login",
        fresh: false,
        declared: true,
        roles: [],
      },
      {
        method: "GET",
        path: "/account/audit",
        action: "Account.audit",
        guard: "roles",
        fresh: true,
        declared: true,
        roles: [["admin", "audit"]],
      },
      {
        method: "ALL",
        path: "/account/help",
        action: "Account.help",
        guard: "public",
        fresh: false,
        declared: true,
        roles: [],
      },
      {
        method: "POST",
        path: "/account/b",
        action: "Account.both",
        guard: "login",
        fresh: false,
        declared: true,
        roles: [],
      },
      {
        method: "GET",
        path: "/account/a",
        action: "Account.both",
        guard: "login",
        fresh: false,
        declared: true,
        roles: [],
      },
      {
        method: "GET",
        path: "/^\\/account\\/(\\d+)\\/?$/",
        action: "Account.pattern",
        guard: "login",
        fresh: false,
        declared: true,
        roles: [],
      },
      {
        method: "POST",
        path: "/account/password",
        action: "Account.password",
        guard: "fresh",
        fresh: true,
        declared: true,
        roles: [],
        within: 600_000,
      },
      {
        method: "GET",
        path: "/account/shared",
        action: "Account.shared",
        guard: "login",
        fresh: false,
        declared: true,
        roles: [],
      },
      { method: "GET", path: "/open", action: "Open.open", guard: "public", fresh: false, declared: false, roles: [] },
      { method: "GET", path: "/", action: "Open.root", guard: "public", fresh: false, declared: false, roles: [] },
    ]);
  });

  it("adds routePrefix to each path in the same way as routing-controllers", () => {
    for (const routePrefix of ["/api", "api"]) {
      const paths = guardTable([Open], { routePrefix }).map(({ path }) => path);
      expect(paths).to.deep.equal(["/api/open", "/api"]);
    }
  });

  it("lists all controllers that were loaded if it is given none", () => {
    const own = guardTable([Account, Open]);
    expect(guardTable()).to.deep.include.members(own);
  });

  it("shows that an action needs a login only if all servers of its controller deny by default", () => {
    @JsonController("/served")
    class Served {
      @Get("/undeclared") undeclared() {}
      @Public() @Get("/public") public() {}
    }
    const row = (path: string) => {
      const { guard, declared } = guardTable([Served]).find((one) => one.path === `/served/${path}`)!;
      return { guard, declared };
    };
    const create = () => createExpressServer({ controllers: [Served], middlewares: [class None {}] });
    expect(row("undeclared")).to.deep.equal({ guard: "public", declared: false });
    denyByDefault(create);
    denyByDefault(create);
    expect(row("undeclared")).to.deep.equal({ guard: "login", declared: false });
    expect(row("public")).to.deep.equal({ guard: "public", declared: true });
    create();
    expect(row("undeclared")).to.deep.equal({ guard: "public", declared: false });
  });

  it("rejects a class that is not a controller", () => {
    expect(() => guardTable([Base])).to.throw(OptionError, "Base is not a @Controller or @JsonController");
  });
});
