import {
  type ArgumentsHost,
  Catch,
  Controller,
  Get,
  Global,
  Inject,
  Injectable,
  Module,
  Req,
  VERSION_NEUTRAL,
  VersioningType,
} from "@nestjs/common";
import { APP_GUARD } from "@nestjs/core";
import { expect } from "chai";
import express, { type NextFunction, type Request, type Response } from "express";
import { currentUser, LoginManager, MemoryStore, OptionError } from "latchkey";
import {
  Authorized,
  decoratorsFor,
  LatchkeyErrorFilter,
  LatchkeyModule,
  LoginGuard,
  Public,
  RefusedException,
} from "latchkey/nestjs";
import { apiClient, Browser } from "../support/browser.js";
import { type Person, people, SECRET } from "../support/people.js";
import { type NestSite, nestSite } from "./site.js";

@Authorized()
@Controller("me")
class Me {
  @Get() async me() {
    return ((await currentUser()) as Person).name;
  }
}
const CONTROLLERS = { controllers: [Me] };

/** Logs Bob in, and returns what he and nobody get. */
async function outcome(given: NestSite, path = "/me", login = "/login/2") {
  const { origin } = await nestSite({ module: CONTROLLERS, ...given });
  const [nobody, bob] = [apiClient(origin), apiClient(origin)];
  await bob.post(login, { json: {} });
  const [refused, passed] = [await nobody.get(path), await bob.get(path)];
  return [refused.status, refused.json<{ code: string }>().code, passed.status, passed.text];
}
const GUARDED = [401, "login_required", 200, "Bob"];

describe("LatchkeyModule", () => {
  it("mounts the login for all routes", async () => {
    expect(await outcome({})).to.eql(GUARDED);
  });

  it("mounts it with a global prefix and with versions", async () => {
    const prefixed: NestSite = { prepare: (app) => void app.setGlobalPrefix("api/v1") };
    expect(await outcome(prefixed, "/api/v1/me", "/api/v1/login/2")).to.eql(GUARDED);
    const versioned: NestSite = {
      prepare: (app) => void app.enableVersioning({ type: VersioningType.URI, defaultVersion: ["2", VERSION_NEUTRAL] }),
    };
    expect(await outcome(versioned, "/v2/me")).to.eql(GUARDED);
  });

  it("mounts it after the application's own middleware and body parsers", async () => {
    const prepare: NestSite["prepare"] = (app) => {
      app.use(express.json());
      app.use((_req: Request, res: Response, next: NextFunction) => {
        res.setHeader("x-own", "1");
        next();
      });
    };
    expect(await outcome({ prepare })).to.eql(GUARDED);
  });

  it("mounts it before the middleware of other modules, which may ask for the user", async () => {
    let name: string | undefined;
    @Global()
    @Module({})
    class Other {
      configure(consumer: { apply(...middleware: unknown[]): { forRoutes(...routes: unknown[]): void } }) {
        const note = async (req: Request, _res: Response, next: NextFunction) => {
          name = ((await currentUser(req)) as Person).name;
          next();
        };
        consumer.apply(note).forRoutes(Me);
      }
    }
    const { origin } = await nestSite({
      module: CONTROLLERS,
      imports: (login) => [Other, LatchkeyModule.forRoot(login)],
    });
    const bob = apiClient(origin);
    await bob.post("/login/2", { json: {} });
    expect((await bob.get("/me")).status).to.equal(200);
    expect(name).to.equal("Bob");
  });

  it("makes the manager of options, from other providers, and provides it", async () => {
    const { load } = people();
    @Injectable()
    class Users {
      find = load;
    }
    @Module({ providers: [Users], exports: [Users] })
    class UsersModule {}
    let injected: unknown;
    @Injectable()
    class Service {
      constructor(@Inject(LoginManager) login: LoginManager) {
        injected = login;
      }
    }
    const imports = () => [
      LatchkeyModule.forRootAsync({
        imports: [UsersModule],
        inject: [Users],
        useFactory: async (users: Users) => ({ secret: SECRET, userLoader: (id) => users.find(id) }),
      }),
    ];
    const module = { ...CONTROLLERS, providers: [Service] };
    expect(await outcome({ imports, module })).to.eql(GUARDED);
    expect(injected).to.be.instanceOf(LoginManager);
    const options = { secret: "short", userLoader: load };
    expect(() => LatchkeyModule.forRoot({ ...options, roles: (user) => [user.name] })).to.throw(OptionError, "secret");
  });

  it("closes nothing that it did not open", async () => {
    const store = new MemoryStore();
    const closed: string[] = [];
    Object.assign(store, { close: () => closed.push("store") });
    const { app, login, bob } = await nestSite({ options: { store }, module: CONTROLLERS });
    await app.close();
    expect(closed).to.eql([]);
    expect(await login.sessions.list(bob)).to.eql([]);
  });

  it("refuses another platform than Express", () => {
    const adapter = { getType: () => "fastify", getInstance: () => ({}) };
    const module = new LatchkeyModule([]);
    expect(() => module.configure({ getHttpAdapter: () => adapter } as never)).to.throw(OptionError, "not on fastify");
  });

  it("rejects a list without a manager, and what is not a manager", async () => {
    expect(() => LatchkeyModule.forRoot([])).to.throw(
      OptionError,
      "LatchkeyModule: expected at least one LoginManager",
    );
    expect(() => LatchkeyModule.forRoot(null as never)).to.throw(
      OptionError,
      "its options, or a list of them, not null",
    );
    const imports = () => [LatchkeyModule.forRootAsync({ useFactory: () => undefined as never })];
    expect(String(await nestSite({ imports }).catch((error: unknown) => error))).to.include("not undefined");
  });

  it("names forRoot in NestJS's error if it is imported without it", async () => {
    const error: unknown = await nestSite({ imports: () => [LatchkeyModule] }).catch((reason: unknown) => reason);
    expect(String(error)).to.include("LatchkeyModule.forRoot()");
  });

  it("serves several kinds of users", async () => {
    const { load } = people();
    const staff = new LoginManager<Person>({ secret: SECRET, realm: "staff", userLoader: load });
    let customers: LoginManager<Person> | undefined;
    const [Customers, Staff] = [decoratorsFor("customers"), decoratorsFor("staff")];
    @Customers.Authorized()
    @Controller("mine")
    class Mine {
      @Get() mine(@Customers.CurrentUser() user: Person) {
        return user.name;
      }
    }
    @Controller("office")
    class Office {
      @Staff.Authorized("admin") @Get("audit") audit(@Staff.CurrentUser() user: Person) {
        return user.name;
      }
      @Staff.Fresh() @Get("desk") desk() {
        return "desk";
      }
      @Public() @Get("enter/:id") async enter(@Req() req: Request) {
        return staff.loginUser(req, load(String(req.params.id))!);
      }
      @Public() @Get("shop/:id") async shop(@Req() req: Request) {
        return customers?.loginUser(req, load(String(req.params.id))!);
      }
    }
    const { origin } = await nestSite({
      module: { controllers: [Mine, Office] },
      options: { realm: "customers" },
      imports: (login) => {
        customers = login;
        return [LatchkeyModule.forRoot([login, staff])];
      },
    });
    const client = apiClient(origin);
    await client.get("/office/shop/2");
    expect((await client.get("/office/audit")).status).to.equal(401);
    await client.get("/office/enter/2");
    expect((await client.get("/office/audit")).status).to.equal(403);
    expect((await client.get("/office/desk")).text).to.equal("desk");
    await client.get("/office/enter/1");
    expect((await client.get("/office/audit")).text).to.equal("Ann");
    expect((await client.get("/mine")).text).to.equal("Bob");
    expect(() => decoratorsFor(1 as never)).to.throw(OptionError, "realm");
  });
});

describe("a refused request on NestJS", () => {
  it("settles, and gets one answer", async () => {
    let settled: unknown;
    class Watching extends LoginGuard {
      override canActivate(context: never) {
        const done = super.canActivate(context);
        done.catch((error) => {
          settled = error;
        });
        return done;
      }
    }
    const module = { ...CONTROLLERS, providers: [{ provide: APP_GUARD, useClass: Watching }] };
    const { origin } = await nestSite({ module });
    expect((await new Browser(origin).get("/me")).location).to.equal("/login?next=%2Fme");
    expect(settled).to.be.instanceOf(RefusedException);
    expect((settled as RefusedException).refusal.code).to.equal("login_required");
  });

  it("gets the guard's answer also beside a filter that catches every exception", async () => {
    @Catch()
    class Every {
      catch(exception: RefusedException, host: ArgumentsHost) {
        const res = host.switchToHttp().getResponse<Response>();
        res.status(exception.getStatus?.() ?? 500).json({ every: exception.getResponse?.() });
      }
    }
    @Controller("undeclared")
    class Undeclared {
      @Get() get() {
        return "";
      }
    }
    const module = { controllers: [Me, Undeclared], providers: [{ provide: APP_GUARD, useClass: LoginGuard }] };
    const prepare: NestSite["prepare"] = (app) => void app.useGlobalFilters(new Every());
    const { origin } = await nestSite({ module, prepare });
    expect((await new Browser(origin).get("/me")).location).to.equal("/login?next=%2Fme");
    const answer = await new Browser(origin).get("/undeclared");
    expect([answer.status, answer.json<{ every: { code: string } }>().every.code]).to.eql([401, "login_required"]);
  });

  it("gets the problem document without the module's filter", async () => {
    const imports: NestSite["imports"] = () => [];
    const prepare =
      (login: LoginManager<Person>): NestSite["prepare"] =>
      (app) =>
        void login.init(app as never);
    const login = new LoginManager<Person>({ secret: SECRET, userLoader: people().load });
    @Controller("plain")
    class Plain {
      @Get() get() {
        return "";
      }
    }
    const module = { controllers: [Plain], providers: [{ provide: APP_GUARD, useClass: LoginGuard }] };
    const { origin } = await nestSite({ imports, prepare: prepare(login)!, module });
    const answer = await apiClient(origin).get("/plain");
    expect([answer.status, answer.json<{ code: string }>().code]).to.eql([401, "login_required"]);
  });

  it("is answered by the application's handlers, and by the filter if they call next", async () => {
    const options: NestSite["options"] = {
      onUnauthorized: (req, res, next) => (req.query.own ? void res.status(418).send("own") : next()),
    };
    const { origin } = await nestSite({ options, module: CONTROLLERS });
    const client = apiClient(origin);
    expect((await client.get("/me?own=1")).status).to.equal(418);
    const passedOn = await client.get("/me");
    expect([passedOn.status, passedOn.json()]).to.eql([
      401,
      { statusCode: 401, message: "You need to log in.", code: "login_required" },
    ]);
  });

  it("emits its event once, also if two guards are on the handler", async () => {
    const module = { ...CONTROLLERS, providers: [{ provide: APP_GUARD, useClass: LoginGuard }] };
    const { origin, login } = await nestSite({ module });
    let emitted = 0;
    login.on("unauthorized", () => void emitted++);
    await apiClient(origin).get("/me");
    expect(emitted).to.equal(1);
  });

  it("has a clear error without the middleware", async () => {
    const { origin } = await nestSite({ module: CONTROLLERS, imports: () => [] });
    const answer = await apiClient(origin).get("/me");
    expect([answer.status, answer.json()]).to.eql([500, { statusCode: 500, message: "Internal server error" }]);
  });
});

describe("LatchkeyErrorFilter", () => {
  it("does nothing to a response that has begun", () => {
    let ended = false;
    const res = { headersSent: true, end: () => (ended = true) };
    const host = { getType: () => "http", switchToHttp: () => ({ getResponse: () => res }) };
    new LatchkeyErrorFilter().catch(new OptionError("x", "y"), host as never);
    expect(ended).to.equal(true);
  });
});
