import type { RequestListener } from "node:http";
import type { Request, RequestHandler } from "express";
import {
  confirmLogin,
  currentUser,
  freshLoginRequired,
  LoginManager,
  type LoginManagerOptions,
  loginRequired,
  roleRequired,
  takeFlashes,
} from "latchkey";
import { Authorized, Fresh, loginMiddleware } from "latchkey/routing-controllers";
import { loginAs } from "latchkey/testing";
import {
  All,
  createExpressServer,
  Get,
  JsonController,
  Post,
  Req,
  type RoutingControllersOptions,
  useExpressServer,
} from "routing-controllers";
import { Browser } from "./browser.js";
import { expressVersions } from "./express.js";
import { type Person, people, SECRET } from "./people.js";
import { serve } from "./server.js";

/** The names of the guarded handlers that ran, in order. */
export let reached: string[] = [];

function reach(req: Request, name: string): object {
  reached.push(name);
  return { reached: name, user: (req.user as Person | undefined)?.name ?? null };
}

const flashes = (req: Request): object => takeFlashes(req);
const confirm = async (req: Request): Promise<object> => {
  await confirmLogin(req);
  return {};
};
const open = async (req: Request): Promise<object> => {
  const before = req.user !== undefined;
  const user = (await currentUser()) as Person;
  return { before, name: user.name ?? null, after: req.user !== undefined };
};

@JsonController()
class StageController {
  @Authorized() @Get("/me") me(@Req() req: Request) {
    return reach(req, "me");
  }
  @Authorized() @Post("/me") change(@Req() req: Request) {
    return reach(req, "change");
  }
  @Authorized() @All("/any") any(@Req() req: Request) {
    return reach(req, "any");
  }
  @Fresh() @Get("/fresh") fresh(@Req() req: Request) {
    return reach(req, "fresh");
  }
  @Fresh({ within: "10m" }) @Get("/recent") recent(@Req() req: Request) {
    return reach(req, "recent");
  }
  @Authorized("admin") @Get("/admin") admin(@Req() req: Request) {
    return reach(req, "admin");
  }
  @Authorized("admin", "staff") @Get("/staff") staff(@Req() req: Request) {
    return reach(req, "staff");
  }
  @Get("/open") open(@Req() req: Request) {
    return open(req);
  }
  @Get("/flashes") flashes(@Req() req: Request) {
    return flashes(req);
  }
  @Post("/confirm") confirm(@Req() req: Request) {
    return confirm(req);
  }
}

/** Builds an application with the same routes, with or without a login manager. */
export type Build = (login?: LoginManager<Person>) => RequestListener & { set(name: string, value: unknown): unknown };

type Express = (typeof expressVersions)[number]["express"];

function plain(express: Express): Build {
  const answer =
    (make: (req: Request) => object | Promise<object>): RequestHandler =>
    async (req, res, next) => {
      try {
        res.json(await make(req));
      } catch (error) {
        next(error);
      }
    };
  return (login) => {
    const app = express();
    login?.init(app);
    for (const [name, guard] of Object.entries({
      me: loginRequired(),
      fresh: freshLoginRequired(),
      recent: freshLoginRequired({ within: "10m" }),
      admin: roleRequired("admin"),
      staff: roleRequired("admin", "staff"),
    })) {
      const handler = answer((req) => reach(req, name));
      app.get(`/${name}`, guard, handler);
    }
    const change = answer((req) => reach(req, "change"));
    app.post("/me", loginRequired(), change);
    const any = answer((req) => reach(req, "any"));
    app.all("/any", loginRequired(), any);
    app.get("/open", answer(open));
    app.get("/flashes", answer(flashes));
    app.post("/confirm", answer(confirm));
    return app;
  };
}

/**
 * A builder for an Express application with these controllers. The list of middlewares must not be empty, or
 * routing-controllers uses all middlewares that any test has declared.
 */
export function controllersOn(express: Express, options: RoutingControllersOptions): Build {
  return (login) => {
    const app = express();
    login?.init(app);
    useExpressServer(app, { middlewares: [class None {}], ...options });
    return app;
  };
}

const ownServer: Build = (login) =>
  createExpressServer({
    controllers: [StageController],
    middlewares: [login ? loginMiddleware(login) : class None {}],
  });

/** All ways to add guards to routes. The same tests pass with each of them. */
export const stages: ReadonlyArray<{ name: string; build: Build }> = [
  ...expressVersions.map(({ name, express }) => ({ name: `plain ${name}`, build: plain(express) })),
  ...expressVersions.map(({ name, express }) => ({
    name: `useExpressServer on ${name}`,
    build: controllersOn(express, { controllers: [StageController] }),
  })),
  { name: "createExpressServer", build: ownServer },
];

/** A running stage, with its users and its login manager. */
export interface Scene extends ReturnType<typeof people> {
  origin: string;
  login: LoginManager<Person>;
  /** A browser in which a user is logged in. With `accept: "application/json"` it is an API client. */
  as(person?: Person, options?: Parameters<typeof loginAs>[2] & { accept?: string }): Promise<Browser>;
}

/** Builds a stage with these options, and starts it. */
export async function setUp(build: Build, options: Partial<LoginManagerOptions<Person>> = {}): Promise<Scene> {
  reached = [];
  const everybody = people();
  const login = new LoginManager<Person>({ secret: SECRET, userLoader: everybody.load, ...options });
  const app = build(login);
  app.set("env", "test"); // so that Express does not print errors
  const origin = await serve(app);
  return {
    ...everybody,
    origin,
    login,
    async as(person, { accept, ...loginOptions } = {}) {
      const browser = accept === undefined ? new Browser(origin) : new Browser(origin, { accept });
      if (!person) return browser;
      for (const cookie of (await loginAs(login, person, loginOptions)).split("; ")) {
        const equals = cookie.indexOf("=");
        await browser.setCookie(cookie.slice(0, equals), cookie.slice(equals + 1));
      }
      return browser;
    },
  };
}
