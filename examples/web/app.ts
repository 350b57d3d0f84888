import "reflect-metadata";
import express, { type Application } from "express";
import { LoginManager, RoleRequiredError, type SessionStore } from "latchkey";
import { type Action, useContainer, useExpressServer } from "routing-controllers";
import type { DataSource } from "typeorm";
import { AccountPages } from "./account-pages.js";
import { Accounts } from "./accounts.js";
import { AdminPages } from "./admin-pages.js";
import { Api } from "./api.js";
import { errorAnswer, notFound } from "./errors.js";
import { consoleLog, type Log } from "./log.js";
import { Pages } from "./pages.js";
import { useTemplates } from "./templates.js";
import type { User } from "./user.js";

export const controllers = [Pages, AccountPages, AdminPages, Api];

/** What the application is told. */
export interface AppOptions {
  /** At least 32 characters. */
  secret: string;
  /** Where sessions are kept. @default in memory */
  store?: SessionStore;
  log?: Log;
}

/** The application, on a database. */
export function createApp(dataSource: DataSource, { secret, store, log = consoleLog }: AppOptions): Application {
  const accounts = new Accounts(dataSource);
  const app = express();
  app.disable("x-powered-by");
  // Behind a proxy that ends TLS: app.set("trust proxy", 1), or no Secure cookie could be set.
  useTemplates(app);

  const login = new LoginManager<User>({
    secret,
    store,
    userLoader: (id) => accounts.find(id),
    loginView: "/login",
    loginMessageCategory: "info",
    refreshView: "/confirm",
    needsRefreshMessage: "Please confirm your password to go on.",
    needsRefreshMessageCategory: "info",
    onForbidden: (_req, _res, next) => next(new RoleRequiredError()),
    remember: { duration: "30d" },
  });
  login.init(app);

  giveToControllers(app, accounts, log);
  useExpressServer(app, { controllers, defaultErrorHandler: false, classTransformer: false, validation: false });
  app.use(notFound, errorAnswer(log));
  return app;
}

/** routing-controllers has one container for the whole process, so it looks into the application of the request. */
function giveToControllers(app: Application, ...services: unknown[]): void {
  app.set("services", services);
  useContainer({
    get: (Controller, action?: Action) => new Controller(...(action?.request.app.get("services") ?? [])),
  });
}
