import "reflect-metadata";
import type { AddressInfo } from "node:net";
import {
  Body,
  Controller,
  type INestApplication,
  type ModuleMetadata,
  Param,
  Post,
  Req,
  type Type,
} from "@nestjs/common";
import { NestFactory } from "@nestjs/core";
import type { Request } from "express";
import {
  type ConfirmOptions,
  confirmLogin,
  LoginManager,
  type LoginManagerOptions,
  type LoginOptions,
  loginUser,
  logoutUser,
} from "latchkey";
import { Authorized, Fresh, LatchkeyModule, Public } from "latchkey/nestjs";
import { afterTest } from "../support/after-test.js";
import { type Person, people, SECRET } from "../support/people.js";

/** The options of a NestJS site: its manager's, its module's, and what is done before it listens. */
export interface NestSite {
  options?: Partial<LoginManagerOptions<Person>>;
  module?: ModuleMetadata;
  prepare?(app: INestApplication): void;
  /** Mounts the manager. @default LatchkeyModule.forRoot */
  imports?(login: LoginManager<Person>): ModuleMetadata["imports"];
  logger?: false | ["error"];
}

/** A NestJS application on a free port, on which Ann must show "otp" before her login counts, and Bob need not. */
export async function nestSite({ options, module = {}, prepare, imports }: NestSite = {}) {
  const { ann, bob, byId, load } = people();
  const factors = new Map([[ann.id, ["otp"]]]);
  const login = new LoginManager<Person>({
    secret: SECRET,
    userLoader: load,
    requiredMethods: ({ id }) => factors.get(id) ?? [],
    loginView: "/login",
    refreshView: "/password",
    methodView: "/factor",
    ...options,
  });

  @Public()
  @Controller()
  class Logins {
    @Post("login/:id")
    login(@Req() req: Request, @Param("id") id: string, @Body() options: LoginOptions) {
      return loginUser(req, byId.get(id)!, options);
    }
    @Post("confirm")
    confirm(@Req() req: Request, @Body() options: ConfirmOptions) {
      return confirmLogin(req, options);
    }
    @Post("logout")
    logout(@Req() req: Request) {
      return logoutUser(req);
    }
  }

  const root = {
    module: class App {},
    ...module,
    imports: [...(imports?.(login) ?? [LatchkeyModule.forRoot(login)]), ...(module.imports ?? [])],
    controllers: [Logins, ...(module.controllers ?? [])],
  };
  const app = await NestFactory.create(root, { logger: false, abortOnError: false });
  prepare?.(app);
  await app.listen(0, "127.0.0.1");
  afterTest(async () => {
    app.getHttpServer().closeAllConnections();
    await app.close();
  });
  const origin = `http://127.0.0.1:${(app.getHttpServer().address() as AddressInfo).port}`;
  return { app, origin, login, ann, bob, byId, factors };
}

const DECORATORS: Record<string, Array<ReturnType<typeof Fresh>>> = {
  login: [],
  fresh: [Fresh()],
  recent: [Fresh({ within: "10m" })],
  code: [Fresh({ methods: ["otp"] })],
  "recent-code": [Fresh({ within: "10m", methods: ["otp"] })],
  both: [Fresh({ methods: ["otp"] }), Fresh({ methods: ["pwd"] })],
  admin: [Authorized("admin")],
};

/**
 * Makes classes whose handlers have the guards of the model, from the decorators of a kind of handlers. Each handler
 * returns "through", or another value.
 */
export function guardedClasses(
  handler: (guard: string) => MethodDecorator,
  ofClass: ClassDecorator,
  returned: unknown = "through",
): Type[] {
  class Guarded {}
  for (const [guard, decorators] of Object.entries(DECORATORS))
    add(Guarded, guard, returned, [handler(guard), ...decorators]);
  Authorized()(Guarded);
  class GuardedTwice {}
  add(GuardedTwice, "fresh-admin", returned, [handler("fresh-admin"), Authorized("admin")]);
  Fresh({ methods: ["otp"] })(GuardedTwice);
  for (const one of [Guarded, GuardedTwice]) ofClass(one);
  return [Guarded, GuardedTwice];
}

type Decorator = (target: object, name: string, descriptor: PropertyDescriptor) => unknown;

function add({ prototype }: Type, name: string, returned: unknown, decorators: unknown[]): void {
  const descriptor = { configurable: true, writable: true, value: () => returned };
  Object.defineProperty(prototype, name, descriptor);
  for (const decorate of decorators) (decorate as Decorator)(prototype, name, descriptor);
}
