import { getMetadataArgsStorage, useExpressServer } from "routing-controllers";
import { contextOfRealm } from "../current/request-context.js";
import { LatchkeyError, OptionError, unexpected } from "../errors.js";
import { ancestry, type Declaration, remember } from "../guards/declarations.js";
import { guard } from "../guards/guards.js";
import { kindOf } from "../text.js";
import { declarationOfAction, type Storage } from "./actions.js";

const LOOKUP = "filterUsesWithTargetAndMethod";
const attached = new WeakSet<object>();
const guards = new WeakSet<object>();

/** The controllers of servers that deny by default, and of all other servers. */
const denied = new WeakSet<object>();
const open = new WeakSet<object>();
/** The classes whose declarations are in use: the controllers of all servers, and their base classes. */
const inUse = new WeakSet<object>();

/** How many actions were added to a server while `denyByDefault` runs; undefined while it does not run. */
let added: number | undefined;

/**
 * Creates a server that denies by default: an action of its controllers needs a login unless `@Public()` opens it.
 *
 * This applies to all controllers of all servers that the function creates, including controllers that
 * routing-controllers loads from a folder. Other servers in the process do not change. Middleware and routes outside of controllers are not
 * guarded.
 *
 * @param create creates one or several servers, for example with `createExpressServer` or `useExpressServer`
 *
 * @returns what the function returns
 * @throws OptionError if the function adds no action to a server before it returns, or if it returns a promise
 */
export function denyByDefault<T>(create: () => T): T {
  if (typeof create !== "function") {
    const example = "() => createExpressServer({ controllers })";
    throw unexpected("denyByDefault", `a function such as ${example}`, kindOf(create));
  }
  attachGuards();
  const outer = added;
  added = 0;
  try {
    const created = create();
    if (typeof (created as PromiseLike<unknown> | null | undefined)?.then === "function") {
      throw new OptionError("denyByDefault", "the function must not be async: create the server before it returns");
    }
    if (added === 0) {
      throw new OptionError(
        "denyByDefault",
        "the function added no action to a server, so nothing is guarded: call createExpressServer or useExpressServer in it, with your controllers",
      );
    }
    return created;
  } finally {
    added = outer === undefined ? undefined : outer + added;
  }
}

/** Do all servers of a controller deny by default? False if it has no server. */
export function isDeniedByDefault(controller: object): boolean {
  return denied.has(controller) && !open.has(controller);
}

/** Stores what a decorator declares for a class, or for one of its methods. @throws OptionError if it cannot work */
export function declare(target: object, key: PropertyKey, declaration: Declaration): void {
  if (typeof key === "object") {
    // Standard decorators get a context object instead of the name.
    throw new OptionError("decorators", 'routing-controllers needs "experimentalDecorators": true in tsconfig.json');
  }
  attachGuards();
  if (inUse.has(target)) {
    const { name } = target as { name: string };
    throw new OptionError("decorators", `${name} already has a server, so a further decorator would have no effect`);
  }
  remember(target, key, declaration);
}

/**
 * Puts the guard before every guarded action. It does so when routing-controllers looks up the action's middleware.
 *
 * `@UseBefore` would not work: routing-controllers looks it up by the exact class, so an inherited action would keep
 * its route and lose its guard.
 */
function attachGuards(): void {
  const storage = getMetadataArgsStorage();
  // Patch the class if possible, not its only instance, because the tests of an application may replace the instance.
  const holder: Pick<Storage, typeof LOOKUP> = Object.hasOwn(storage, LOOKUP)
    ? storage
    : Object.getPrototypeOf(storage);
  if (attached.has(holder)) return;
  const lookup = holder[LOOKUP];
  holder[LOOKUP] = function (this: Storage, target, method) {
    const uses: ReturnType<typeof lookup> = lookup.call(this, target, method);
    if (method === undefined) return uses;
    const declaration = declarationOfAction(this, target, method) ?? (added === undefined ? "public" : { roles: [] });
    noteServerOf(target);
    if (declaration === "public") return uses;
    const middleware = guard(declaration, (req) => contextOfRealm(req, declaration.realm));
    guards.add(middleware);
    return [{ target, method, middleware, afterAction: false }, ...uses];
  };
  assertAttached(storage);
  attached.add(holder);
}

function noteServerOf(controller: object): void {
  (added === undefined ? open : denied).add(controller);
  if (added !== undefined) added++;
  for (const target of ancestry(controller)) inUse.add(target);
}

/** Mounts an inherited action on a fake application, and checks that a guard runs before the action. */
function assertAttached(storage: Storage): void {
  class Base {}
  class Probe extends Base {}
  class None {}
  remember(Base, "act", { roles: [] });
  const { controllers, actions } = storage;
  const addedBefore = added;
  let handlers: object[] = [];
  const app = {
    get(_route: string, ...mounted: object[]) {
      handlers = mounted;
    },
  };
  try {
    storage.controllers = [{ target: Probe, type: "json", route: "", options: {} }];
    storage.actions = [{ target: Base, method: "act", type: "get", route: "/", options: {} }];
    useExpressServer(app, { controllers: [Probe], middlewares: [None], interceptors: [None] });
  } finally {
    Object.assign(storage, { controllers, actions });
    added = addedBefore;
  }
  if (handlers.some((handler) => guards.has(handler))) return;
  throw new LatchkeyError(
    "unsupported_version",
    500,
    "latchkey cannot guard this version of routing-controllers; it supports 0.11",
  );
}
