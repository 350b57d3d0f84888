import type { Application, Request, RequestHandler } from "express";
import { answerRefusal } from "./challenge.js";
import { currentUser, showCurrentUser } from "./current-user.js";
import { FreshLoginRequiredError, LatchkeyError, LoginRequiredError } from "./errors.js";
import { LoginEmitter, type LoginEventName, type LoginListener } from "./events.js";
import { checkRoles, refusalOf } from "./guards.js";
import { loadUser } from "./load-user.js";
import type { LoginManagerOptions, RequestLoader, ResolvedOptions, UserLoader } from "./options.js";
import { RememberCookie } from "./remember.js";
import { type Core, contextOf, enterContext, isUnderManager, knownContext, RequestContext } from "./request-context.js";
import { resolveOptions, secretsOf } from "./resolve-options.js";
import { type SessionRoom, sessionRoom } from "./session.js";
import { watchSession } from "./session-access.js";
import { Stamps } from "./stamp.js";
import type { AnonymousUser } from "./user.js";

/** The shape of what routing-controllers hands to its checkers. */
interface Action {
  request: Request;
}

/** What a manager keeps to itself; for `latchkey/testing`. The session room is there once `session()` was called. */
export let insideOf: (login: LoginManager<object, object>) => { core: Core; sessionRoom: SessionRoom | undefined };

/**
 * Keeps track of who is logged in, from one request to the next. (Flask-Login's LoginManager)
 *
 * One manager may serve many applications; an application carries one manager.
 */
export class LoginManager<U extends object = Express.User, A extends object = AnonymousUser> {
  /** The options, validated, with defaults, frozen; without the secrets. */
  readonly options: ResolvedOptions;
  readonly #secrets: readonly string[];
  readonly #core: Core;
  #sessionRoom: SessionRoom | undefined;

  /** @throws OptionError naming the option that is missing, unknown or malformed */
  constructor(options: LoginManagerOptions<U, A>) {
    const given = options as unknown as LoginManagerOptions<object, object>;
    this.options = resolveOptions(given);
    this.#secrets = secretsOf(given);
    this.#core = {
      options: this.options,
      events: new LoginEmitter<object>(),
      stamps: new Stamps(this.#secrets),
      remember: new RememberCookie(this.options, this.#secrets),
      userLoader: this.options.userLoader,
      requestLoader: this.options.requestLoader,
    };
  }

  /** Mounts the session and the login on an application, before its routes. (Flask-Login's init_app) */
  init(app: Pick<Application, "use">): void {
    app.use(this.session(), this.middleware());
  }

  /** express-session over the option `store`. Leave it out to use an express-session of your own. */
  session(): RequestHandler {
    this.#sessionRoom ??= sessionRoom(this.options, this.#secrets, this.#core.events as never);
    return this.#sessionRoom.handler;
  }

  /** Brings each request under this manager; needs a session before it. It loads no user and reads nothing. */
  middleware(): RequestHandler {
    return (req, res, next) => {
      if (isUnderManager(req)) return next(knownContext(req, this.#core) ? undefined : secondManager());
      showCurrentUser(req, res);
      watchSession(req, res);
      if (this.options.refreshEachRequest) this.#core.remember.renewAtEnd(req, res);
      enterContext(new RequestContext(this.#core, req, res), next);
    };
  }

  /** Sets the user loader later than in the options. (Flask-Login's user_loader) */
  userLoader(load: UserLoader<U>): void {
    this.#core.userLoader = load as UserLoader<object>;
  }

  /** Sets the request loader later than in the options. (Flask-Login's request_loader) */
  requestLoader(load: RequestLoader<U>): void {
    this.#core.requestLoader = load as RequestLoader<object>;
  }

  /** The user of the request that is being handled, typed as this manager's. See `currentUser`. */
  currentUser(req?: Request): Promise<U | A> {
    return currentUser(req) as Promise<U | A>;
  }

  /** Answers a request as a guard does when nobody is logged in. (Flask-Login's unauthorized) */
  async unauthorized(req: Request): Promise<void> {
    await answerRefusal(contextOf(req), new LoginRequiredError(), req.next!);
  }

  /** Answers a request as a guard does when the login is not fresh. (Flask-Login's needs_refresh) */
  async needsRefresh(req: Request): Promise<void> {
    await answerRefusal(contextOf(req), new FreshLoginRequiredError(), req.next!);
  }

  /** Listens to an event of this manager's. (Flask-Login's signals) */
  on<N extends LoginEventName>(name: N, listener: LoginListener<U, N>): this {
    this.#core.events.on(name, listener as LoginListener<object, N>);
    return this;
  }

  /** Stops a listener. */
  off<N extends LoginEventName>(name: N, listener: LoginListener<U, N>): this {
    this.#core.events.off(name, listener as LoginListener<object, N>);
    return this;
  }

  /**
   * For the option `authorizationChecker` of routing-controllers, and its own `@Authorized`.
   *
   * @throws LoginRequiredError, RoleRequiredError, which routing-controllers answers with 401 and 403
   */
  readonly authorizationChecker = async ({ request }: Action, roles: unknown[]): Promise<boolean> => {
    const required = roles.length === 0 ? [] : [checkRoles(roles.flat())];
    const refusal = await refusalOf(contextOf(request), { roles: required });
    if (refusal) throw refusal;
    return true;
  };

  /** For the option `currentUserChecker` of routing-controllers, and its own `@CurrentUser`: null for nobody. */
  readonly currentUserChecker = async ({ request }: Action): Promise<U | null> => {
    const { user, authenticated } = await loadUser(contextOf(request));
    return authenticated ? (user as U) : null;
  };

  static {
    insideOf = (login) => ({ core: login.#core, sessionRoom: login.#sessionRoom });
  }
}

/** One session cannot say for two managers who is logged in: user "1" of the one is not user "1" of the other. */
function secondManager(): LatchkeyError {
  return new LatchkeyError(
    "second_manager",
    500,
    "this request is under another LoginManager already; use one for all",
  );
}
