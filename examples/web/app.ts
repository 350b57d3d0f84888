import "reflect-metadata";
import express, { type Application } from "express";
import { LoginManager, RoleRequiredError, type SessionStore, sameOriginRequired } from "latchkey";
import { deviceBound } from "latchkey/device-bound";
import { knownBrowsers } from "latchkey/known-browsers";
import { denyByDefault } from "latchkey/routing-controllers";
import { type Action, useContainer, useExpressServer } from "routing-controllers";
import type { DataSource } from "typeorm";
import { AccountPages } from "./account-pages.js";
import { Accounts } from "./accounts.js";
import { AdminPages } from "./admin-pages.js";
import { Api } from "./api.js";
import { keepDraft, viewBeforeForm } from "./draft.js";
import { errorAnswer, notFound } from "./errors.js";
import { securityHeaders } from "./headers.js";
import { limitFailures } from "./limit.js";
import { consoleLog, type Log, logEvents } from "./log.js";
import { LoginPages } from "./login-pages.js";
import { Notices, printMail, type SendMail } from "./mail.js";
import { Pages } from "./pages.js";
import { FactorPages } from "./second-factor/factor-pages.js";
import { Factors } from "./second-factor/factors.js";
import { PasskeyRoutes } from "./second-factor/passkey-routes.js";
import { SecurityPages } from "./second-factor/security-pages.js";
import { SettingsPages } from "./settings-pages.js";
import type { Site } from "./site.js";
import { useTemplates } from "./templates.js";
import { TokenPages } from "./token-pages.js";
import { Tokens } from "./tokens.js";
import type { User } from "./user.js";

const ofFactors = [SecurityPages, FactorPages, PasskeyRoutes];
export const controllers = [Pages, AccountPages, SettingsPages, LoginPages, TokenPages, AdminPages, Api, ...ofFactors];

/** The options of the application. */
export interface AppOptions {
  /** The address of the site, such as "https://example.com". Passkeys work only there. */
  origin: string;
  /** At least 32 characters. */
  secret: string;
  /** The session store. @default sessions in memory */
  store?: SessionStore;
  log?: Log;
  /** Bind logins to devices? The site must be behind one proxy that ends TLS. @default false */
  bindsDevices?: boolean;
  /** @default messages are printed */
  sendMail?: SendMail;
}

/** Creates the application and its login manager on a database. */
export function createApp(
  dataSource: DataSource,
  { origin, secret, store, log = consoleLog, sendMail = printMail, bindsDevices = false }: AppOptions,
) {
  const accounts = new Accounts(dataSource);
  const tokens = new Tokens(dataSource);
  const factors = new Factors(dataSource);
  const app = express();
  app.disable("x-powered-by");
  // Behind a proxy that ends TLS, call app.set("trust proxy", 1). Otherwise Secure cookies cannot be set.
  if (bindsDevices) app.set("trust proxy", 1);
  app.use(securityHeaders);
  useTemplates(app);

  const onlyHttps = bindsDevices ? { cookie: { secure: true } } : {};
  const login = new LoginManager<User>({
    secret,
    store,
    userLoader: (id) => accounts.find(id),
    requestLoader: (req) => tokens.userOf(req),
    loginView: "/login",
    loginMessageCategory: "info",
    refreshView: viewBeforeForm("/confirm"),
    methodView: viewBeforeForm("/second-factor"),
    requiredMethods: (user) => (user.hasSecondFactor ? ["mfa"] : []),
    needsRefreshMessage: "Please confirm your password to continue.",
    needsRefreshMessageCategory: "info",
    onForbidden: (_req, _res, next) => next(new RoleRequiredError()),
    session: onlyHttps,
    remember: { duration: "30d", ...onlyHttps },
    knownBrowsers: knownBrowsers(),
    deviceBound: bindsDevices ? deviceBound() : undefined,
  });
  login.on("needsRefresh", ({ req }) => keepDraft(req));
  login.on("methodRequired", ({ req }) => keepDraft(req));
  // latchkey itself revokes logins when a remember cookie was copied. The thief may also have the cookie of a trusted
  // browser.
  login.on("rememberTokenStale", ({ userId }) => factors.noteRevocation(Number(userId)));
  login.on("rememberTokenStolen", ({ userId }) => factors.noteRevocation(Number(userId)));
  logEvents(login, log);
  const notices = new Notices(sendMail, log);
  notices.watch(login);
  login.init(app);

  // Other sites, and other ports and subdomains of this site, can neither log a user in or out nor change anything.
  app.use(sameOriginRequired());
  app.use(["/api", "/login", "/second-factor", "/security"], express.json({ limit: "20kb" }));
  app.use(express.urlencoded({ extended: false, limit: "20kb" }));
  app.post(["/login", "/confirm", "/api/login", "/api/confirm"], limitFailures());

  giveToControllers(app, { accounts, tokens, factors, login, log, notices, origin, secret });
  const options = { controllers, defaultErrorHandler: false, classTransformer: false, validation: false };
  // An action needs a login unless it has @Public().
  denyByDefault(() => useExpressServer(app, options));
  app.use(notFound, errorAnswer(log));
  return { app, login };
}

/**
 * routing-controllers has one container per process, so this container takes the site from the request's application.
 */
function giveToControllers(app: Application, site: Site): void {
  app.set("site", site);
  useContainer({ get: (Controller, action?: Action) => new Controller(action?.request.app.get("site")) });
}
