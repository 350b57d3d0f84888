import type { Application, Request, Response } from "express";
import type { Core } from "../core.js";
import { IncomingMessage, ServerResponse } from "../http/node-http.js";
import { defineShared, SharedProperties, sharedProperty } from "../http/shared-properties.js";
import { isObjectOrArray, setOwn } from "../objects.js";
import type { AnonymousUser } from "../user.js";
import { takeFlashesIn } from "./flash.js";
import { loadUser } from "./load-user.js";
import { contextIn, type RequestContext } from "./request-context.js";
import { activeContext, contextFor, runWithin } from "./running-context.js";

declare global {
  namespace Express {
    /** The type of the application's user. Extend it as with Passport: `interface User extends AppUser {}`. */
    interface User {}
    interface Request {
      /** The logged-in user; undefined until a guard, `currentUser()` or a template has loaded it. */
      user?: User | undefined;
    }
  }
}

/**
 * Returns the user of the current request. If nobody is logged in, returns the anonymous user, never null.
 * (Flask-Login's current_user)
 *
 * Without `req`, the function works in all code that runs after the middleware, even in functions that do not get the
 * request as an argument, because Node.js tracks the request in an asynchronous context. **Pass `req` in every callback
 * of a database driver, a pool, a queue or an event emitter.** Such a callback may run in the context of another
 * request, the one that opened the connection. If the response of that request has ended, you get an error. If that
 * request is still being handled, latchkey cannot detect the mistake, and you get the user of the other request.
 * Promises, and callbacks wrapped with `AsyncResource.bind`, always run in the context of their own request.
 *
 * @param req the request, if you have it; the call then also works after the response has ended
 * @throws RequestEndedError without `req`, if the response of the current request has ended
 * @throws MiddlewareMissingError outside of a request
 * @throws StoreUnavailableError if the session cannot be read
 */
export async function currentUser(req?: Request): Promise<Express.User | AnonymousUser> {
  return (await currentUserUnder(undefined, req)) as Express.User | AnonymousUser;
}

/** The same for a manager. @param core the manager; by default, the first manager of the request */
export async function currentUserUnder(core: Core | undefined, req: Request | undefined): Promise<object> {
  return (await loadUser(contextFor(req, core, "currentUser(req)"))).user;
}

/**
 * Returns the user whose login is not complete, because the user must also use the methods that `requiredMethods`
 * requires. Returns null if there is no such user. Until the login is complete, `currentUser()` is the anonymous user.
 *
 * @param req the request, as with `currentUser`
 */
export async function pendingUser(req?: Request): Promise<Express.User | null> {
  return pendingUserUnder(undefined, req);
}

/** The same for a manager. @param core the manager; by default, the first manager of the request */
export async function pendingUserUnder(core: Core | undefined, req: Request | undefined): Promise<object | null> {
  const context = contextFor(req, core, "pendingUser(req)");
  await loadUser(context);
  return context.pending?.user ?? null;
}

/** The property `req.user` of every request that a manager handles. */
const USER = sharedProperty(
  "user",
  (req) => contextIn(req)?.user,
  (req, user: Express.User | undefined) => {
    const context = contextIn(req);
    if (context) context.user = user;
    return context !== undefined;
  },
);
const userProperty = new SharedProperties(IncomingMessage.prototype, (shared) => defineShared(shared, "user", USER));

/**
 * Adds `req.user` to the request, and `currentUser` and `takeFlashes()` to every template. Templates cannot await, so
 * the user is loaded before a template is rendered. (Flask-Login's template context processor, and Flask's)
 */
export function showCurrentUser(req: Request, res: Response): void {
  if (!Object.hasOwn(req, "user")) userProperty.addTo(req);
  showIn(req.app);
  renderProperty.addTo(res);
}

/** The context of the request whose `res.render` is running. */
let rendered: RequestContext | undefined;

/** Calls `render` in the context of this request, whatever the current asynchronous context is. */
function renderFor<T>(context: RequestContext, render: () => T): T {
  const outer = rendered;
  rendered = context;
  try {
    return runWithin(context, render);
  } finally {
    rendered = outer;
  }
}

/** Wraps `res.render`. If a sub-application renders, adds `currentUser` and `takeFlashes` to its templates too. */
const renderProperty = new SharedProperties(ServerResponse.prototype, (shared) => {
  const { render } = shared as { render?: (...args: unknown[]) => void };
  if (!render) return;
  Object.assign(shared, {
    render(this: Response, ...args: unknown[]): void {
      const context = contextIn(this.req);
      if (context) showIn(this.app);
      const proceed = () => render.apply(this, args);
      if (context) renderFor(context, proceed);
      else proceed();
    },
  });
});

const shown = new WeakSet<Application>();

function showIn(app: Application): void {
  if (shown.has(app)) return;
  shown.add(app);
  const context = () => rendered ?? activeContext();
  addLocal(app, "currentUser", () => context()?.loaded?.user);
  if (!("takeFlashes" in app.locals)) {
    addLocal(app, "takeFlashes", () => {
      const own = context(); // read now, because the template may call the function later
      // Once the response has begun, the cookie can no longer be removed, so the messages stay for the next page.
      return (options?: { category?: string }) => (own && !own.res.headersSent ? takeFlashesIn(own, options) : []);
    });
  }
  const renderView = app.render as (...args: unknown[]) => void;
  app.render = (...args: unknown[]) => {
    const own = context();
    const callback = args.at(-1) as (error: unknown) => void;
    if (!own || own.loaded || typeof callback !== "function") return renderView.apply(app, args);
    // If an earlier caller started to load the user, that caller gets the error if the load fails. This template is
    // then probably the error page, so it is rendered without a user.
    const wasAsked = own.loading !== undefined;
    const [name, ...rest] = args;
    const kept = [name, ...rest.map(snapshotOf)];
    const proceed = () => renderFor(own, () => renderView.apply(app, kept));
    loadUser(own).then(proceed, wasAsked ? proceed : callback);
  };
}

/** Adds a variable to every template of an application. `get` is called when a template is rendered. */
function addLocal(app: Application, name: string, get: () => unknown): void {
  const set = (value: unknown) => setOwn(app.locals, name, value);
  Object.defineProperty(app.locals, name, { configurable: true, enumerable: true, get, set });
}

/**
 * Copies the options of a render before the user is loaded. Express adds `res.locals` to the options, and a concurrent
 * request may use the same object.
 */
function snapshotOf(given: unknown): unknown {
  if (!isObjectOrArray(given)) return given;
  const options = copyOf(given) as { _locals?: object };
  if (options._locals) options._locals = copyOf(options._locals);
  return options;
}

function copyOf(object: object): object {
  return Object.assign(Object.create(Object.getPrototypeOf(object) as object | null), object);
}
