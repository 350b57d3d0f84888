import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { MemoryStore } from "../../../stores/memory/index.js";
import type { LoginManager } from "../../manager/login-manager.js";
import type { Policy } from "../../manager/policy.js";
import type { SessionStore } from "../../store/session-store.js";
import { within } from "../within.js";
import { type Check, resultsOf } from "./check.js";

type Login = Pick<LoginManager<object, object>, "policy" | "options">;

/** How long importing the module may take, in milliseconds. The module may connect to databases. */
const IMPORT_TIMEOUT = 30_000;

/** Imports a module and returns its LoginManager. @throws Error if the module exports no LoginManager */
export async function importedLogin(file: string): Promise<Login> {
  // The module's output goes to stderr, so that stdout contains only the result of the command.
  process.stdout.write = process.stderr.write.bind(process.stderr);
  const importing: Promise<Record<string, unknown>> = import(pathToFileURL(resolve(file)).href);
  const module = await within(
    IMPORT_TIMEOUT,
    importing,
    `importing ${file} took longer than ${IMPORT_TIMEOUT / 1000} s`,
  );
  const exported = [module.login, module.default, (module.default as { login?: unknown } | undefined)?.login];
  const login = exported.find(isLogin);
  if (!login) throw new Error(`${file} exports no LoginManager: export it as login, or by default`);
  return login;
}

/** Returns the store of an application; undefined if it is in the memory of the process. */
export function storeOf({ options: { store } }: Login): SessionStore | undefined {
  return store instanceof MemoryStore ? undefined : store;
}

/** Checks the options of an application for production. */
export function checkApplication(login: Login): Check[] {
  const policy = login.policy();
  const { session, remember } = policy.cookies;
  return [
    checkEnvironment(),
    ...checkTimeouts(policy),
    checkCookie("session cookie", session),
    checkCookie("remember cookie", remember),
    ...(storeOf(login) ? [] : [noStore()]),
  ];
}

/** Checks the shape of the value, because the application may use another copy of this package. */
function isLogin(value: unknown): value is Login {
  const { policy, options } = (value ?? {}) as Partial<Login>;
  return typeof policy === "function" && typeof options === "object";
}

function checkEnvironment(): Check {
  const { ok, warning } = resultsOf("environment");
  const { NODE_ENV } = process.env;
  if (NODE_ENV === "production") return ok("NODE_ENV is production");
  return warning(`NODE_ENV is ${NODE_ENV ?? "not set"}, so the defaults for cookies and secrets are for development`);
}

function checkTimeouts({ idleTimeout, absoluteTimeout, assuranceLevel, deviations }: Policy): Check[] {
  const { ok, warning } = resultsOf("timeouts");
  if (deviations.length > 0) return deviations.map(warning);
  const within = `within NIST SP 800-63B-4, assurance level ${assuranceLevel}`;
  return [ok(`idle ${hours(idleTimeout)}, absolute ${hours(absoluteTimeout)}: ${within}`)];
}

function checkCookie(check: string, cookie: Policy["cookies"]["session"]): Check {
  const { ok, warning } = resultsOf(check);
  const { name, secure, httpOnly, sameSite } = cookie;
  const problems = [
    secure !== true && "it may be sent without TLS; set secure: true",
    !httpOnly && "scripts can read it; set httpOnly: true",
    sameSite === "none" && "requests from other sites include it",
    secure === true &&
      !name.startsWith("__") &&
      "sibling subdomains can set it, because its name has no prefix __Host-",
  ].filter((problem) => problem !== false);
  if (problems.length > 0) return warning(`${name}: ${problems.join("; ")}`);
  return ok(`${name}: Secure, HttpOnly, SameSite=${sameSite}`);
}

function noStore(): Check {
  return resultsOf("application's store").warning(
    "sessions are in the memory of the process: they are lost when it stops, and other instances do not have them",
  );
}

function hours(milliseconds: number): string {
  return `${Number((milliseconds / 3_600_000).toFixed(2))} h`;
}
