import type { Request, Response } from "express";
import { endMovedLogin } from "../active-sessions/store-logins.js";
import type { Core } from "../core.js";
import type { RequestContext } from "../current/request-context.js";
import { UnsupportedByStoreError } from "../errors.js";
import type { DeviceRefusal } from "../events.js";
import { changeHead } from "../http/before-response.js";
import { ageOf } from "../instants.js";
import type { Bound } from "../login-fields/device.js";
import type { Devices } from "../options/devices.js";
import { browserIn, type RememberedBrowser } from "../remember/browser-record.js";
import type { RememberPersistent } from "../remember/persistent.js";
import { type PresentedToken, readBrowser } from "../remember/presented-token.js";
import type { SessionAuth } from "../session/auth.js";
import { isArrival, isFromOtherOrigin, isRefreshed } from "./arrivals.js";
import { bind, isSettled, type StoredSession } from "./bind.js";
import type { Protocol } from "./protocol.js";
import { offerFor } from "./registration.js";
import { type Next, respond, responderFor } from "./requests.js";
import { sendAgain } from "./responses.js";

/** Requests that were on their way when the login was bound still have no cookie of the device. In milliseconds. */
const GRACE = 10_000;
const OFFER = "Secure-Session-Registration";

/** A login that may have a device. */
interface BoundLogin extends Bound, Pick<SessionAuth, "userId" | "loginId" | "impersonator"> {}

type AdmittedToken = Pick<PresentedToken, "id" | "generation" | "isUsedUp" | "browser">;

/** A login whose request lacked the valid cookie of its device. */
interface RefusedLogin extends Pick<SessionAuth, "userId" | "loginId" | "impersonator"> {
  reason: DeviceRefusal;
}

/** The logins of one manager that are bound to devices. */
export class BoundLogins implements Devices {
  /**
   * The sessions with a login, also for requests from which they are hidden, because they lack the cookie of the
   * device.
   */
  readonly #sessions = new WeakMap<Request, StoredSession>();
  /** The ids of the devices whose valid cookie a request had. The request of an open WebSocket keeps its old cookie. */
  readonly #shown = new WeakMap<Request, string>();
  readonly #refused = new WeakMap<Request, RefusedLogin>();
  /** The requests whose login was imported just now. */
  readonly #imported = new WeakSet<Request>();
  /** The logins that are being bound. */
  readonly #binding = new Set<string>();
  readonly #protocol: Protocol;

  /** @param registers whether browsers are asked to register keys */
  constructor(
    private readonly core: Core,
    protocol: Protocol,
    private readonly registers: boolean,
  ) {
    this.#protocol = protocol;
  }

  shownTo<S extends object>(req: Request, session: S | null): S | null {
    const stored = session as StoredSession | null;
    const auth = stored?.record?.data.auth as unknown as SessionAuth | undefined;
    if (!stored || !auth) return session;
    this.#sessions.set(req, stored);
    return this.#admits(req, auth, stored) ? session : null;
  }

  admits(req: Request, { id, generation, isUsedUp, browser }: AdmittedToken): boolean {
    const login = loginIn(browser);
    const { browser: registered } = login.device ?? {};
    if (isUsedUp && registered?.id === id && generation < registered.generation) return true;
    return this.#admits(req, login);
  }

  #admits(req: Request, login: BoundLogin, session?: StoredSession): boolean {
    const { device } = login;
    if (!device || this.#shown.get(req) === device.id) return true;
    const reason = this.#protocol.cookie.refusalOf(req, device.id);
    if (reason === undefined) {
      this.#shown.set(req, device.id);
      if (session && device.boundAt === undefined) this.#bind(session, login);
      return true;
    }
    if (device.boundAt === undefined || ageOf(device.boundAt) < GRACE) return true;
    if (this.#refused.has(req)) return false;
    const { userId, loginId } = login;
    this.#refused.set(req, { ...login, reason });
    if (!responderFor(this.#protocol, req) && !isArrival(req))
      this.core.events.emit("deviceRefused", { req, userId, loginId, reason });
    return false;
  }

  hasRefused(req: Request): boolean {
    return this.#refused.has(req);
  }

  lostLogin(req: Request, userId: string): string | undefined {
    const refused = this.#refused.get(req);
    return [refused, refused?.impersonator].find((login) => login?.userId === userId)?.loginId;
  }

  /**
   * The browser says that it has the key, but got no cookie, for example because the store was unavailable. Or the
   * browser did not try to get a cookie: only by the clock of this server has the cookie expired, or a page of another
   * origin sent the request.
   */
  isExcused(req: Request): boolean {
    const refused = this.#refused.get(req);
    if (!refused) return false;
    const isSkipped = req.headers["secure-session-skipped"] !== undefined;
    return isSkipped || refused.reason === "expired cookie" || isFromOtherOrigin(req);
  }

  isShown(req: Request, login: Bound | undefined): boolean {
    const { device } = login ?? {};
    return device !== undefined && this.#shown.get(req) === device.id;
  }

  async offer({ core, req, res, sessionAuth: auth }: RequestContext): Promise<void> {
    if (!auth) return;
    const { userId, loginId } = auth;
    const lost = auth.remembered ? undefined : this.lostLogin(req, userId);
    if (lost !== undefined && lost !== loginId) {
      await endMovedLogin(core, { userId, loginId: lost }).catch(() => {}); // the event storeFailed reports a failure
    }
    this.#offer(req, res, auth);
  }

  noteImport(req: Request): void {
    this.#imported.add(req);
  }

  #offer(req: Request, res: Response, auth: SessionAuth): void {
    if (auth.pending || !this.registers || auth.impersonator || isSettled(auth.device)) return;
    if (!isRefreshed(req, this.#protocol.trustedOrigins)) return;
    const others = [res.getHeader(OFFER) ?? []]
      .flat()
      .filter((one) => !String(one).includes(`path="${this.#protocol.paths.registration}"`));
    changeHead(res, () => res.setHeader(OFFER, [...others.map(String), offerFor(this.#protocol, auth.loginId)]));
  }

  handle<C extends object>(given: C, next: Next, enter: (context: C, next: Next) => void): void {
    const context = given as unknown as RequestContext;
    const { core, req, res } = context;
    const proceed = () => {
      this.#offerImported(context);
      enter(given, next);
    };
    const responder = responderFor(this.#protocol, req);
    if (core.hasForeignSessions) {
      next(new UnsupportedByStoreError("deviceBound", "the application's own express-session keeps the sessions"));
    } else if (responder) respond(responder, this.#protocol, { context, session: this.#sessions.get(req), next });
    else if (isArrival(req)) {
      // If the store fails, the load of the user fails too, and reports the error.
      this.#isHidden(req).then((isHidden) => {
        this.#clearRefused(req, res);
        if (isHidden) sendAgain(res);
        else proceed();
      }, proceed);
    } else {
      this.#clearRefused(req, res);
      proceed();
    }
  }

  #offerImported({ req, res, session }: RequestContext): void {
    const auth = this.#sessions.get(req)?.record?.data.auth as unknown as SessionAuth | undefined;
    if (!auth || !this.#imported.has(req)) return;
    session.markPersonal();
    this.#offer(req, res, auth);
  }

  /** Removes a cookie that was refused. Then the browser gets a new one. */
  #clearRefused(req: Request, res: Response): void {
    if (this.#refused.has(req)) this.#protocol.cookie.clearIfAny(req, res);
  }

  /** Does the request have a login, but not the valid cookie of its device? */
  async #isHidden(req: Request): Promise<boolean> {
    if (this.#sessions.has(req)) return this.#refused.has(req);
    const { store, remember } = this.core;
    const series = (remember as RememberPersistent).seriesIn(req);
    const record = series === null ? null : await readBrowser(store!, series);
    return record !== null && !this.#admits(req, loginIn(browserIn(record)));
  }

  /** Binds a login in the background, after its browser has sent the device's cookie. */
  #bind(session: StoredSession, { loginId, device }: BoundLogin): void {
    if (this.#binding.has(loginId)) return;
    this.#binding.add(loginId);
    bind(this.core, session, { ...device!, boundAt: Date.now() })
      .catch(() => {}) // the next request tries again
      .finally(() => this.#binding.delete(loginId));
  }
}

function loginIn({ userId, loginId, login }: RememberedBrowser): BoundLogin {
  const { device } = (login ?? {}) as Bound;
  return { userId, loginId, ...(device && { device }) };
}
