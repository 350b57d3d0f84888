import type { Request } from "express";
import type { Core } from "../core.js";
import { LatchkeyError } from "../errors.js";
import { namesWith } from "../options/cookie.js";
import type { ResolvedOptions } from "../options/resolved-options.js";
import { contextsIn } from "./request-context.js";

/** The managers that were mounted on each application with `init`. */
const mounted = new WeakMap<object, Set<Core>>();

/** Registers a manager of an application. @throws LatchkeyError if another manager of the application conflicts with it */
export function noteManagerOf(app: object, core: Core): void {
  const managers = mounted.get(app) ?? new Set();
  mounted.set(app, managers);
  const conflict = firstConflict(managers, core);
  if (conflict) throw conflict;
  managers.add(core);
}

/** Returns why this manager cannot handle a request together with the request's other managers; null if it can. */
export function conflictIn(req: Request, core: Core): LatchkeyError | null {
  return firstConflict(
    contextsIn(req).map((context) => context.core),
    core,
  );
}

function firstConflict(others: Iterable<Core>, core: Core): LatchkeyError | null {
  for (const other of others) {
    const conflict = other === core ? null : conflictBetween(other, core);
    if (conflict) return conflict;
  }
  return null;
}

/** Two managers need different realms, so that users with the same id stay apart, and different cookies. */
function conflictBetween(first: Core, second: Core): LatchkeyError | null {
  const [a, b] = [first.options, second.options];
  const used = cookiesOf(b);
  const shared = cookiesOf(a).filter((name) => used.includes(name));
  if (a.realm !== b.realm && shared.length === 0) return null;
  const problem =
    a.realm === b.realm
      ? `both have ${a.realm === "" ? "no realm" : `the realm ${JSON.stringify(a.realm)}`}`
      : `both use the cookie ${shared[0]}`;
  return new LatchkeyError(
    "second_manager",
    500,
    `two LoginManagers handle the same application, and ${problem}. Give the second one its own realm, such as ` +
      '{ realm: "staff" }, which also names its cookies. For the same users, use one LoginManager',
  );
}

/** Returns the names of a manager's cookies. */
function cookiesOf({ sessionCookie, rememberCookie }: ResolvedOptions): string[] {
  return [...namesWith(sessionCookie.name), rememberCookie.name];
}

/** The error for `session()` of one manager before `middleware()` of another, which would then load the wrong users. */
export function sessionOfAnother(): LatchkeyError {
  return new LatchkeyError(
    "second_manager",
    500,
    "req.session belongs to another LoginManager, whose middleware did not run: mount session() and middleware() of one " +
      "manager before those of the next, as init(app) does",
  );
}
