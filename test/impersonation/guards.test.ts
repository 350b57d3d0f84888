import { Controller, Get as NestGet, Post, Req } from "@nestjs/common";
import { expect } from "chai";
import express, { type Request, type RequestHandler } from "express";
import {
  freshLoginRequired,
  LoginManager,
  type LoginManagerOptions,
  loginRequired,
  loginUser,
  roleRequired,
} from "latchkey";
import { impersonate, impersonationFor, notImpersonated } from "latchkey/impersonation";
import {
  Authorized as NestAuthorized,
  Fresh as NestFresh,
  NotImpersonated as NestNotImpersonated,
} from "latchkey/nestjs";
import { Authorized, Fresh, guardTable, NotImpersonated, openApiWithGuards } from "latchkey/routing-controllers";
import { Get, JsonController, useExpressServer } from "routing-controllers";
import { nestSite } from "../nestjs/site.js";
import { Browser } from "../support/browser.js";
import { Person, people, SECRET } from "../support/people.js";
import { serve } from "../support/server.js";

const REFUSED = "impersonating 403";

/** What each guard answers: to Bob himself, to Ann who acts as Bob, and to Ann who acts as Bob when he has the role. */
const TABLE: Record<string, [bob: string, ann: string, annAsAdmin: string]> = {
  login: ["through", "through", "through"],
  fresh: ["through", REFUSED, REFUSED],
  recent: ["through", REFUSED, REFUSED],
  password: ["through", REFUSED, REFUSED],
  required: ["through", REFUSED, REFUSED],
  admin: ["role_required 403", "role_required 403", "through"],
  "fresh-admin": ["role_required 403", REFUSED, REFUSED],
  own: ["through", REFUSED, REFUSED],
  "own-admin": ["role_required 403", REFUSED, REFUSED],
};

type Guards = Pick<LoginManager<Person>, "loginRequired" | "freshLoginRequired" | "roleRequired"> & {
  notImpersonated(): RequestHandler;
};
const guardsOf = (of: Guards): Record<string, RequestHandler[]> => ({
  login: [of.loginRequired()],
  fresh: [of.freshLoginRequired()],
  recent: [of.freshLoginRequired({ within: "10m" })],
  password: [of.freshLoginRequired({ methods: ["pwd"] })],
  required: [of.freshLoginRequired({ methods: "required" })],
  admin: [of.roleRequired("admin")],
  "fresh-admin": [of.freshLoginRequired(), of.roleRequired("admin")],
  own: [of.notImpersonated()],
  "own-admin": [of.notImpersonated(), of.roleRequired("admin")],
});

@Authorized()
@JsonController("/controllers")
class Guarded {
  @Get("/login") login() {
    return "through";
  }
  @Fresh() @Get("/fresh") fresh() {
    return "through";
  }
  @Fresh({ within: "10m" }) @Get("/recent") recent() {
    return "through";
  }
  @Fresh({ methods: ["pwd"] }) @Get("/password") password() {
    return "through";
  }
  @Fresh({ methods: "required" }) @Get("/required") required() {
    return "through";
  }
  @Authorized("admin") @Get("/admin") admin() {
    return "through";
  }
  @Fresh() @Authorized("admin") @Get("/fresh-admin") freshAdmin() {
    return "through";
  }
  @NotImpersonated() @Get("/own") own() {
    return "through";
  }
}

@NotImpersonated()
@JsonController("/controllers")
class Own {
  @Authorized("admin") @Get("/own-admin") admin() {
    return "through";
  }
}

@Controller("nest")
class NestGuarded {
  @NestFresh() @NestGet("fresh") fresh() {
    return "through";
  }
  @NestNotImpersonated() @NestGet("own") own() {
    return "through";
  }
  @NestAuthorized() @Post("as") as(@Req() req: Request) {
    return impersonate(req, new Person("2", "Bob"));
  }
}

async function guardedSite(options: Partial<LoginManagerOptions<Person>> = {}) {
  const everybody = people();
  const { byId, load, bob } = everybody;
  const views = { loginView: "/login", refreshView: "/confirm", methodView: "/factor" };
  const given = { secret: SECRET, userLoader: load, requiredMethods: () => ["pwd"], ...views };
  const login = new LoginManager<Person>({ ...given, ...options });
  const staff = new LoginManager<Person>({ ...given, realm: "staff" });
  const forStaff = impersonationFor(staff);
  const app = express();
  app.set("env", "test");
  login.init(app);
  staff.init(app);
  const act = (verb: (req: Request) => Promise<unknown>): RequestHandler => {
    return (req, res, next) => void verb(req).then(() => res.json(true), next);
  };
  const user = (req: Request) => byId.get(String(req.params.id))!;
  const own = { methods: ["pwd"] };
  app.post(
    "/login/:id",
    act((req) => Promise.all([loginUser(req, user(req), own), staff.loginUser(req, user(req), own)])),
  );
  app.post(
    "/as/:id",
    act((req) => Promise.all([impersonate(req, user(req)), forStaff.impersonate(req, user(req))])),
  );
  app.post(
    "/stop-staff",
    act((req) => forStaff.stopImpersonating(req)),
  );
  app.get("/refresh", (req) => void login.needsRefresh(req));
  app.get("/who-staff", async (req, res) => {
    const [who, by] = [await staff.currentUser(req), await forStaff.impersonator(req)];
    res.json([(who as Person).name, by?.name ?? null]);
  });
  const served = { "/express": { loginRequired, freshLoginRequired, roleRequired, notImpersonated }, "/staff": staff };
  for (const [path, of] of Object.entries(served)) {
    const guards = guardsOf({
      loginRequired: () => of.loginRequired(),
      freshLoginRequired: (given) => of.freshLoginRequired(given),
      roleRequired: (...roles) => of.roleRequired(...roles),
      notImpersonated: () => ("notImpersonated" in of ? of : forStaff).notImpersonated(),
    });
    for (const [name, guard] of Object.entries(guards)) {
      app.get(`${path}/${name}`, ...guard, (_req, res) => void res.json("through"));
    }
  }
  useExpressServer(app, { controllers: [Guarded, Own] });
  const origin = await serve(app);
  const browser = new Browser(origin);
  return { ...everybody, bob, login, staff, origin, browser };
}

/** The answer of a guarded route to a page and to an API client, which must agree. */
async function answerOf(browser: Browser, path: string): Promise<string> {
  const page = await browser.get(path);
  const api = await browser.get(path, { headers: { accept: "application/json" } });
  const { code, status } = api.status === 200 ? {} : api.json<{ code?: string; status?: number }>();
  const answer = api.status === 200 ? api.json<string>() : `${code} ${status}`;
  expect([page.status, page.location], path).to.eql([answer === "through" ? 200 : 403, null]);
  return answer;
}

describe("guards while an administrator acts as a user", () => {
  for (const kind of ["express", "staff", "controllers"]) {
    it(`answer as the table says, and never redirect to a page that confirms: ${kind}`, async () => {
      for (const [column, visitor] of ["bob", "ann", "annAsAdmin"].entries()) {
        const { bob, browser } = await guardedSite();
        if (visitor === "bob") await browser.post("/login/2");
        else {
          if (visitor === "annAsAdmin") bob.roles.push("admin");
          await browser.post("/login/1");
          await browser.post("/as/2");
        }
        for (const [guard, answers] of Object.entries(TABLE)) {
          const label = `${visitor} at ${guard}`;
          expect(await answerOf(browser, `/${kind}/${guard}`), label).to.equal(answers[column]);
        }
      }
    });
  }

  it("emit forbidden, and let onForbidden answer", async () => {
    const { browser, login } = await guardedSite({
      onForbidden: (_req, res) => void res.status(403).json("not as somebody else"),
    });
    const told: string[] = [];
    login.on("forbidden", ({ user }) => void told.push(user.name));
    await browser.post("/login/1");
    await browser.post("/as/2");
    expect((await browser.get("/express/fresh")).json()).to.equal("not as somebody else");
    expect(told).to.eql(["Bob"]);
  });

  it("needsRefresh does not redirect either", async () => {
    const { browser } = await guardedSite();
    await browser.post("/login/1");
    expect((await browser.get("/refresh")).location).to.match(/^\/confirm/);
    await browser.post("/as/2");
    const { status, location } = await browser.get("/refresh");
    expect([status, location]).to.eql([403, null]);
  });

  it("the impersonations of two managers in one browser are separate", async () => {
    const { browser } = await guardedSite();
    await browser.post("/login/1");
    await browser.post("/as/2");
    expect((await browser.get("/who-staff")).json()).to.eql(["Bob", "Ann"]);
    await browser.post("/stop-staff");
    expect((await browser.get("/who-staff")).json()).to.eql(["Ann", null]);
    expect(await answerOf(browser, "/staff/own")).to.equal("through");
    expect(await answerOf(browser, "/express/own")).to.equal(REFUSED);
  });

  it("hold on NestJS", async () => {
    const { origin } = await nestSite({
      options: { requiredMethods: () => [] },
      module: { controllers: [NestGuarded] },
    });
    const browser = new Browser(origin, { accept: "application/json" });
    await browser.post("/login/1", { json: {} });
    for (const path of ["/nest/fresh", "/nest/own"]) expect((await browser.get(path)).status, path).to.equal(200);
    await browser.post("/nest/as");
    for (const path of ["/nest/fresh", "/nest/own"]) {
      const { status, text } = await browser.get(path);
      expect([status, JSON.parse(text).code], path).to.eql([403, "impersonating"]);
    }
  });

  it("are in the table of guards", () => {
    const rows = guardTable([Guarded, Own]);
    const own = rows.filter(({ notImpersonated }) => notImpersonated).map(({ path }) => path);
    expect(own).to.eql(["/controllers/own", "/controllers/own-admin"]);
    const login = new LoginManager<Person>({ secret: SECRET, userLoader: () => null });
    const given = { openapi: "3.0.0", paths: { "/controllers/own": { get: {} } } };
    const { paths } = openApiWithGuards(given, rows, login);
    expect(JSON.stringify((paths["/controllers/own"].get as { responses: object }).responses)).to.include(
      '"enum":["impersonating"]',
    );
  });

  it("are functions that must be called", () => {
    const mount = () => (notImpersonated as unknown as (...given: unknown[]) => unknown)({}, {}, () => {});
    expect(mount).to.throw("call it: notImpersonated()");
  });
});
