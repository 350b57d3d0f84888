import "reflect-metadata";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import express, { type Application, type ErrorRequestHandler } from "express";
import { LoginManager, type SessionStore, sameOriginRequired } from "latchkey";
import { denyByDefault } from "latchkey/routing-controllers";
import { type Action, useContainer, useExpressServer } from "routing-controllers";
import { notFound } from "../web/errors.js";
import { securityHeaders } from "../web/headers.js";
import { limitFailures } from "../web/limit.js";
import { sourceFolder } from "../web/templates.js";
import type { Account } from "./account.js";
import type { Accounts } from "./accounts.js";
import { FactorPages } from "./factor-pages.js";
import { LoginPages } from "./login-pages.js";
import { PasskeyRoutes } from "./passkey-routes.js";
import { SecurityPages } from "./security-pages.js";
import type { Site } from "./site.js";

export const controllers = [LoginPages, FactorPages, SecurityPages, PasskeyRoutes];

/** The options of the application. */
export interface AppOptions {
  /** The address of the site, such as "https://example.com". Passkeys work only there. */
  origin: string;
  /** At least 32 characters. */
  secret: string;
  /** The session store. @default sessions in memory */
  store?: SessionStore;
}

/** Creates the application and its login manager. */
export function createApp(accounts: Accounts, { origin, secret, store }: AppOptions) {
  const app = express();
  app.disable("x-powered-by");
  app.use(securityHeaders);
  useFiles(app);

  const login = new LoginManager<Account>({
    ...{ secret, store, userLoader: (id) => accounts.find(id) },
    ...{ loginView: "/login", refreshView: "/confirm", methodView: "/second-factor" },
    requiredMethods: (account) => (account.hasSecondFactor ? ["mfa"] : []),
    remember: { duration: "30d" },
  });
  // latchkey itself revokes logins when a remember cookie was copied. The thief may also have the other cookie.
  login.on("rememberTokenStale", ({ userId }) => accounts.noteRevocation(Number(userId)));
  login.on("rememberTokenStolen", ({ userId }) => accounts.noteRevocation(Number(userId)));
  login.init(app);

  app.use(sameOriginRequired());
  app.use(express.urlencoded({ extended: false, limit: "20kb" }), express.json({ limit: "20kb" }));
  app.post(["/login", "/confirm"], limitFailures());
  app.set("site", { accounts, login, origin, secret } satisfies Site);
  useContainer({ get: (Controller, action?: Action) => new Controller(action?.request.app.get("site")) });
  const options = { controllers, defaultErrorHandler: false, classTransformer: false, validation: false };
  denyByDefault(() => useExpressServer(app, options));
  app.use(notFound, answerError);
  return { app, login };
}

/** Sets up the templates, the style sheet of the other example, and the scripts. */
function useFiles(app: Application): void {
  const [own, web] = [sourceFolder("second-factor"), sourceFolder("web")];
  app.set("views", [join(own, "views"), join(web, "views")]);
  app.set("view engine", "ejs");
  app.use(express.static(join(own, "public")), express.static(join(web, "public")));
  app.use("/simplewebauthn", express.static(dirname(fileURLToPath(import.meta.resolve("@simplewebauthn/browser")))));
}

/** Sends an error as a page, or as JSON to a script. */
const answerError: ErrorRequestHandler = (error, req, res, next) => {
  const status: number = error.status ?? error.httpCode ?? 500;
  if (status >= 500) console.error(error);
  if (res.headersSent) return next(error);
  const detail = status < 500 ? error.message : "Something went wrong here. Please try again later.";
  res.status(status).set(error.headers ?? {});
  if (req.accepts(["html", "json"]) === "json") res.json({ detail });
  else res.render("error", { title: "That did not work", detail });
};
