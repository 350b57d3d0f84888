// Variants with routing-controllers.
import "reflect-metadata";
import type { Express, Request, RequestHandler, Response } from "express";
import { LoginManager, loginUser } from "latchkey";
import { Authorized as LatchkeyAuthorized } from "latchkey/routing-controllers";
import { openStore } from "latchkey/stores";
import {
  type Action,
  Authorized,
  Get,
  JsonController,
  Req,
  type RoutingControllersOptions,
  useExpressServer,
} from "routing-controllers";
import { type Person, people, SECRET, type Variant } from "../harness/app.js";
import { application, passportApplication } from "./express.js";
import { expressSession } from "./express-session.js";

/** routing-controllers without logins. */
export const bareControllers: Variant = () => {
  @JsonController()
  class Controller {
    @Get("/me")
    me() {
      return { email: "ann1@example.com" };
    }
  }
  const app = application();
  app.get("/login", (_req, res) => void res.send("in"));
  return controllers(app, Controller);
};

/** Passport with an authorizationChecker. */
export const passportControllers: Variant = async (given) => {
  @JsonController()
  class Controller {
    @Get("/me")
    @Authorized()
    me(@Req() req: Request) {
      return { email: (req.user as Person).email };
    }
  }
  const { app, another } = passportApplication(await expressSession(given), given);
  app.get("/login", (req, res, next) => req.login(another(), (error) => (error ? next(error) : res.send("in"))));
  return controllers(app, Controller, { authorizationChecker: ({ request }: Action) => request.isAuthenticated() });
};

/** latchkey with its `@Authorized`. */
export const latchkeyControllers: Variant = async (given) => {
  @JsonController()
  class Controller {
    @Get("/me")
    @LatchkeyAuthorized()
    me(@Req() req: Request) {
      return { email: (req.user as Person).email };
    }
  }
  const store = given.watch(await openStore(given.url));
  const { another, load } = people(given.count);
  const login = new LoginManager({ secret: SECRET, store, userLoader: load });
  const app = application((app) => login.init(app));
  app.get("/login", enter(another));
  return controllers(app, Controller);
};

function enter(another: () => Person): RequestHandler {
  return async (req: Request, res: Response) => {
    await loginUser(req, another());
    res.send("in");
  };
}

function controllers(app: Express, controller: new () => object, options: RoutingControllersOptions = {}): Express {
  return useExpressServer(app, {
    controllers: [controller],
    defaultErrorHandler: false,
    classTransformer: false,
    validation: false,
    ...options,
  });
}
