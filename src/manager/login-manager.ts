import type { IncomingMessage } from "node:http";
import type { Application, Request, RequestHandler } from "express";
import { MemoryStore } from "../../stores/memory/index.js";
import type { Core } from "../core.js";
import { authenticate, type Mount } from "../current/authenticate.js";
import { loadUser } from "../current/load-user.js";
import { noteManagerOf } from "../current/manager-conflicts.js";
import { contextOf } from "../current/request-context.js";
import { noteThisCopy } from "../current/running-context.js";
import { secondCopy } from "../current/second-copy.js";
import type { LoginEventName, LoginListener } from "../events.js";
import { respondToRefusal } from "../guards/challenge.js";
import { checkRoles, refusalOf } from "../guards/guards.js";
import { UserSessions } from "../login/user-sessions.js";
import type { LoginManagerOptions, RequestLoader, UserLoader } from "../options/options.js";
import { resolveOptions, secretsOf } from "../options/resolve.js";
import type { ResolvedOptions } from "../options/resolved-options.js";
import type { EarlierSessions } from "../options/session-options.js";
import { FreshLoginRequiredError, ImpersonatingError, LoginRequiredError } from "../refusals.js";
import { sessionHandler } from "../session/middleware.js";
import type { SessionMiddleware } from "../session/session-middleware.js";
import { TimedStore } from "../store/timed-store.js";
import type { AnonymousUser } from "../user.js";
import { createCore } from "./create-core.js";
import { createSessions } from "./create-sessions.js";
import { loginMiddleware } from "./login-middleware.js";
import { ManagerFunctions } from "./manager-functions.js";
import { type Policy, policyOf, warnOfDeviations } from "./policy.js";

/** The object that routing-controllers passes to its checkers. */
interface Action {
  request: Request;
}

/** The private parts of a manager, for other entries of the package. */
export let insideOf: (login: LoginManager<object, object>) => { core: Core } & Mount;

/**
 * Handles the logins of an application, and keeps users logged in between requests. (Flask-Login's LoginManager)
 *
 * One manager may serve several applications. An application with several kinds of users, such as customers and staff,
 * has a manager for each kind. All but the first need a `realm`. `req.session` and `req.user` belong to the first manager
 * of a request, and functions that are not called on a manager use it.
 */
export class LoginManager<U extends object = Express.User, A extends object = AnonymousUser> extends ManagerFunctions<
  U,
  A
> {
  /** The validated options with their defaults. The object is frozen, and does not contain the secrets. */
  readonly options: ResolvedOptions;
  /** Lists and ends the logins of a user. */
  readonly sessions: UserSessions<U>;
  readonly #secrets: readonly string[];
  readonly #importFrom: EarlierSessions | undefined;
  readonly #core: Core;
  #sessions: SessionMiddleware | undefined;
  #handler: RequestHandler | undefined;
  #app: object | undefined;

  /** @throws OptionError if an option is missing, unknown or invalid. The error names the option. */
  constructor(options: LoginManagerOptions<U, A>) {
    const given = options as unknown as LoginManagerOptions<object, object>;
    const resolved = resolveOptions(given);
    const secrets = secretsOf(given);
    const core = createCore(resolved, secrets);
    super(core);
    this.options = resolved;
    this.#secrets = secrets;
    this.#importFrom = given.session?.importFrom;
    this.#core = core;
    this.sessions = new UserSessions<U>(this.#core);
    noteThisCopy();
    warnOfDeviations(this.options);
  }

  /**
   * Mounts the session middleware and the login middleware on an application, or on a router. Call this before you add
   * routes. (Flask-Login's init_app)
   *
   * @throws LatchkeyError `second_manager` if another manager of the application has the same realm or cookies
   */
  init(app: { use(...handlers: RequestHandler[]): unknown }): void {
    noteManagerOf(app, this.#core);
    if ("request" in app) this.#app = app; // a router has no prototype of requests
    app.use(this.session(), this.middleware());
  }

  /**
   * Returns the session middleware. It behaves like express-session, and stores the sessions in the store of the option
   * `store`. Do not mount it if you use your own express-session.
   */
  session(): RequestHandler {
    this.#handler ??= sessionHandler(this.#open());
    return this.#handler;
  }

  /** Returns the sessions of this manager, and creates the default store if there is no other. */
  #open(): SessionMiddleware {
    const { events } = this.#core;
    this.#core.store ??= new TimedStore(new MemoryStore(), this.options, events as never);
    this.#sessions ??= createSessions(this.#core, this.#core.store, this.#secrets, this.#importFrom);
    return this.#sessions;
  }

  /**
   * Returns the middleware that connects each request to this manager. Mount it after the session middleware. It does
   * not load the user or read from the store.
   */
  middleware(): RequestHandler {
    const handle = loginMiddleware(this.#core, () => this.#open());
    return (req, res, next) => {
      this.#app ??= req.app;
      handle(req, res, next);
    };
  }

  /** Sets the user loader, instead of the option. (Flask-Login's user_loader) */
  userLoader(load: UserLoader<U>): void {
    this.#core.userLoader = load as UserLoader<object>;
  }

  /** Sets the request loader, instead of the option. (Flask-Login's request_loader) */
  requestLoader(load: RequestLoader<U>): void {
    this.#core.requestLoader = load as RequestLoader<object>;
  }

  /**
   * Resolves with the logged-in user of a request that no Express application handles, such as the upgrade to a
   * WebSocket. Resolves with null if nobody is logged in.
   *
   * It sets no cookie. A remember cookie logs the user in for this request only, and a used-up remember cookie is
   * treated as misuse. To check later whether the login still exists, call this method again with the same request. If
   * you use your own express-session, run that middleware on the request first.
   *
   * For a request that your application handles, it resolves with the user of that request. After the response has
   * begun, each call reads the store, so a handler of server-sent events can detect that the login has ended.
   *
   * @param req the request; it becomes an Express request, which is passed to your loaders and listeners
   * @param app the application whose setting `trust proxy` applies; by default, the application of the last
   * `login.init(app)` or, if it was never called, of the first request
   * @throws MiddlewareMissingError if there is no application yet
   * @throws StoreUnavailableError if the store fails; this does not mean that nobody is logged in
   */
  async authenticate(req: IncomingMessage, app?: Application): Promise<U | null> {
    const served = { app: app ?? this.#app, sessions: this.#sessions };
    return (await authenticate(this.#core, served, req)) as U | null;
  }

  /**
   * Returns the timeouts and other rules for logins as data, so that you can print, document or test them. (ASVS 7.1)
   */
  policy(): Policy {
    return policyOf(this.options, this.options.rememberMode ?? this.#core.remember.mode);
  }

  /** Responds to a request as a guard does when nobody is logged in. (Flask-Login's unauthorized) */
  async unauthorized(req: Request): Promise<void> {
    await respondToRefusal(contextOf(req, this.#core), new LoginRequiredError(), req.next!);
  }

  /** Responds to a request as a guard does when the login is not fresh. (Flask-Login's needs_refresh) */
  async needsRefresh(req: Request): Promise<void> {
    const context = contextOf(req, this.#core);
    const refusal = context.auth?.impersonator ? new ImpersonatingError() : new FreshLoginRequiredError();
    await respondToRefusal(context, refusal, req.next!);
  }

  /** Adds a listener for an event of this manager. (Flask-Login's signals) */
  on<N extends LoginEventName>(name: N, listener: LoginListener<U, N>): this {
    this.#core.events.on(name, listener as LoginListener<object, N>);
    return this;
  }

  /** Removes a listener. */
  off<N extends LoginEventName>(name: N, listener: LoginListener<U, N>): this {
    this.#core.events.off(name, listener as LoginListener<object, N>);
    return this;
  }

  /**
   * The function for the option `authorizationChecker` of routing-controllers. The `@Authorized` of routing-controllers
   * uses it.
   *
   * @throws LoginRequiredError if nobody is logged in; routing-controllers sends status 401
   * @throws RoleRequiredError if the user does not have a required role; routing-controllers sends status 403
   */
  readonly authorizationChecker = async ({ request }: Action, roles: unknown[]): Promise<boolean> => {
    const required = roles.length === 0 ? [] : [checkRoles(roles.flat())];
    const refusal = await refusalOf(contextOf(request, this.#core), { roles: required });
    if (refusal) throw refusal;
    return true;
  };

  /**
   * The function for the option `currentUserChecker` of routing-controllers. The `@CurrentUser` of routing-controllers
   * uses it. It resolves with null if nobody is logged in.
   */
  readonly currentUserChecker = async ({ request }: Action): Promise<U | null> => {
    const { user, authenticated } = await loadUser(contextOf(request, this.#core));
    return authenticated ? (user as U) : null;
  };

  static {
    insideOf = (login) => {
      if (!(#core in login)) throw secondCopy("this LoginManager");
      return { core: login.#core, sessions: login.#sessions, app: login.#app };
    };
  }
}
