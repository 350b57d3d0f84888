import { IncomingMessage, ServerResponse } from "node:http";
import type { Application, Request, Response } from "express";
import { takeFlashes } from "./flash.js";
import { loadUser } from "./load-user.js";
import { activeContext, contextOf, isUnderManager } from "./request-context.js";
import { stateOf } from "./request-state.js";
import { SharedProperties, sharedProperty } from "./shared-properties.js";
import type { AnonymousUser } from "./user.js";

declare global {
  namespace Express {
    /** The application's user; augment it, as with Passport: `interface User extends AppUser {}`. */
    interface User {}
    interface Request {
      /** The logged-in user, once something in this request asked for it: a guard, `currentUser()`, a template. */
      user?: User | undefined;
    }
  }
}

/**
 * The user of the request that is being handled, or the anonymous user: never null. (Flask-Login's current_user)
 *
 * It works anywhere below the middleware, in functions that know nothing of the request too.
 *
 * @param req the request, where it is at hand
 * @throws MiddlewareMissingError outside of a request
 * @throws StoreUnavailableError when the session cannot be read
 */
export async function currentUser(req?: Request): Promise<Express.User | AnonymousUser> {
  const { user } = await loadUser(contextOf(req));
  return user;
}

/** `req.user` of every request under a manager. */
const USER = sharedProperty(
  "user",
  (req) => stateOf(req)?.context?.user,
  (req, user: Express.User | undefined) => {
    const context = stateOf(req)?.context;
    if (context) context.user = user;
    return context !== undefined;
  },
);
const userProperty = new SharedProperties(IncomingMessage.prototype, (shared) =>
  Object.defineProperty(shared, "user", USER),
);

/**
 * Gives the request `req.user`, and every template `currentUser` and `takeFlashes()`. Templates cannot wait, so the user is loaded
 * before one is rendered. (Flask-Login's template context processor, and Flask's)
 */
export function showCurrentUser(req: Request, res: Response): void {
  if (!Object.hasOwn(req, "user")) userProperty.addTo(req);
  showIn(req.app);
  renderProperty.addTo(res);
}

/** `res.render`, of a sub-application too, which renders with locals of its own. */
const renderProperty = new SharedProperties(ServerResponse.prototype, (shared) => {
  const { render } = shared as { render?: (...args: unknown[]) => void };
  if (!render) return;
  Object.assign(shared, {
    render(this: Response, ...args: unknown[]): void {
      if (isUnderManager(this.req)) showIn(this.app);
      render.apply(this, args);
    },
  });
});

const shown = new WeakSet<Application>();

function showIn(app: Application): void {
  if (shown.has(app)) return;
  shown.add(app);
  Object.defineProperty(app.locals, "currentUser", {
    configurable: true,
    enumerable: true,
    get: () => activeContext()?.loaded?.user,
  });
  app.locals.takeFlashes ??= (options?: { category?: string }) => {
    const context = activeContext();
    return context ? takeFlashes(context.req, options) : [];
  };
  const renderView = app.render as (...args: unknown[]) => void;
  app.render = (...args: unknown[]) => {
    const context = activeContext();
    const callback = args.at(-1) as (error: unknown) => void;
    if (!context || context.loaded || typeof callback !== "function") return renderView.apply(app, args);
    // Whoever asked first was told of a failure; what is rendered after that is the page that says so, without a user.
    const wasAsked = context.loading !== undefined;
    const proceed = () => renderView.apply(app, args);
    loadUser(context).then(proceed, wasAsked ? proceed : callback);
  };
}
