import type { Request, RequestHandler } from "express";
import type { Core } from "../core.js";
import { currentUserUnder, pendingUserUnder } from "../current/current-user.js";
import { flashIn, takeFlashesIn } from "../current/flash.js";
import { contextOf, type RequestContext } from "../current/request-context.js";
import type { Flash } from "../flash/flash-cookie.js";
import { anyRole, checkCalled, freshness, guard } from "../guards/guards.js";
import { safeNextIn } from "../guards/next-url.js";
import { type ConfirmOptions, confirmLoginIn } from "../login/confirm.js";
import { type FreshOptions, isFreshIn, isRememberedIn } from "../login/freshness.js";
import { forgetKnownBrowserIn } from "../login/known-browser.js";
import { type LoginOptions, loginUserIn } from "../login/login.js";
import { logoutUserIn } from "../login/logout.js";
import { refreshStampIn } from "../login/refresh-stamp.js";

/** Options of `confirmLogin`, with the type of this manager's users. */
type Confirming<U> = Omit<ConfirmOptions, "user"> & { user?: U | null | undefined };

/**
 * The functions and guards of one LoginManager, for applications with several kinds of users. Each does the same as the
 * function of the same name in `latchkey`, but for this manager and with its types. The functions in `latchkey` use the
 * first manager of a request.
 *
 * @throws MiddlewareMissingError if the request did not pass the middleware of this manager
 */
export class ManagerFunctions<U extends object, A extends object> {
  readonly #core: Core;

  constructor(core: Core) {
    this.#core = core;
  }

  /** See `currentUser`, whose documentation describes when to pass `req`. */
  currentUser(req?: Request): Promise<U | A> {
    return currentUserUnder(this.#core, req) as Promise<U | A>;
  }

  /** See `pendingUser`. */
  pendingUser(req?: Request): Promise<U | null> {
    return pendingUserUnder(this.#core, req) as Promise<U | null>;
  }

  /** See `loginUser`. */
  async loginUser(req: Request, user: U, options: LoginOptions = {}): Promise<boolean> {
    return loginUserIn(this.#contextOf(req), user, options);
  }

  /** See `logoutUser`. */
  async logoutUser(req: Request): Promise<void> {
    await logoutUserIn(this.#contextOf(req));
  }

  /** See `confirmLogin`. */
  async confirmLogin(req: Request, options: Confirming<U> = {}): Promise<void> {
    await confirmLoginIn(this.#contextOf(req), options as ConfirmOptions);
  }

  /** See `refreshStamp`. */
  async refreshStamp(req: Request): Promise<void> {
    await refreshStampIn(this.#contextOf(req));
  }

  /** See `isFresh`. */
  async isFresh(req: Request, options: FreshOptions = {}): Promise<boolean> {
    return isFreshIn(this.#contextOf(req), options);
  }

  /** See `isRemembered`. */
  async isRemembered(req: Request): Promise<boolean> {
    return isRememberedIn(this.#contextOf(req));
  }

  /** See `loginRequired`. */
  loginRequired(): RequestHandler;
  loginRequired(...given: unknown[]): RequestHandler {
    checkCalled(given, "loginRequired()");
    return guard({ roles: [] }, (req) => this.#contextOf(req));
  }

  /** See `freshLoginRequired`. */
  freshLoginRequired(options?: FreshOptions): RequestHandler;
  freshLoginRequired(...given: unknown[]): RequestHandler {
    checkCalled(given, "freshLoginRequired()");
    return guard(freshness(given), (req) => this.#contextOf(req));
  }

  /** See `roleRequired`. */
  roleRequired(...roles: string[]): RequestHandler {
    checkCalled(roles, 'roleRequired("admin")');
    return guard(anyRole(roles), (req) => this.#contextOf(req));
  }

  /** See `safeNext`. */
  safeNext(req: Request, fallback = "/"): string {
    return safeNextIn(this.#contextOf(req), fallback);
  }

  /** See `forgetKnownBrowser`. */
  forgetKnownBrowser(req: Request): void {
    forgetKnownBrowserIn(this.#contextOf(req));
  }

  /** See `flash`. */
  flash(req: Request, message: string, category = "message"): void {
    flashIn(this.#contextOf(req), message, category);
  }

  /** See `takeFlashes`. */
  takeFlashes(req: Request, options: { category?: string | undefined } = {}): Flash[] {
    return takeFlashesIn(this.#contextOf(req), options);
  }

  #contextOf(req: Request): RequestContext {
    return contextOf(req, this.#core);
  }
}
