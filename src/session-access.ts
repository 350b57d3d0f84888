import type { Request, Response } from "express";
import onHeaders from "on-headers";
import { clearCookie, hasCookie, type ResolvedCookie } from "./cookies.js";
import type { StoreUnavailableError } from "./errors.js";

/** What the handling of one request did with the session. */
interface SessionAccess {
  /** Did the response depend on the session? */
  used: boolean;
  /** Was the response made for a person, or did it change who is logged in? */
  personal: boolean;
  /** Was the session replaced by a new one? */
  replaced: boolean;
  /** Was it this request that ended the session which the browser's cookie names? */
  ended: boolean;
  /** Does another request of the browser's, sent at the same time, give it a session? */
  forestalled: boolean;
  /** Has the handler ended the response? From then on only the session middleware itself uses the session. */
  finishing: boolean;
}

/** What `res.sendFile` and `express.static` say when the handler says nothing. */
const UNCHOSEN_CACHING = "public, max-age=0";

const ACCESS = Symbol("latchkey.session-access");
type WatchedRequest = Request & { [ACCESS]?: SessionAccess };

/** What is known of a session that is watched. */
interface Watching {
  cookie?: ResolvedCookie;
  absoluteTimeout?: number;
  unavailable?: StoreUnavailableError | undefined;
}

/**
 * Watches the use of `req.session`, and does what follows from it when the response begins: `Vary: Cookie` where it was
 * used, `Cache-Control: private, no-store` on a personal response whose handler chose nothing else, and no session and no
 * cookie for one that was replaced and left empty, as after a logout.
 *
 * @param given.cookie the session's cookie, where latchkey sets it
 * @param given.absoluteTimeout how long a login may last, and with it a cookie that the application gave a `maxAge`
 * @param given.unavailable thrown at any use of the session, when the store could not be read
 */
export function watchSession(
  req: Request,
  res: Response,
  { cookie, absoluteTimeout, unavailable }: Watching = {},
): void {
  const watched = req as WatchedRequest;
  if (watched[ACCESS]) return;
  const access: SessionAccess = {
    used: false,
    personal: false,
    replaced: false,
    ended: false,
    forestalled: false,
    finishing: false,
  };
  watched[ACCESS] = access;

  let session: typeof req.session | undefined = req.session;
  Object.defineProperty(req, "session", {
    configurable: true,
    enumerable: true,
    get() {
      if (!access.finishing) {
        access.used = true;
        if (unavailable) throw unavailable;
      }
      return session;
    },
    set(value: typeof session) {
      session = value;
      unavailable = undefined;
    },
  });

  const finish = () => {
    if (access.finishing) return;
    access.finishing = true;
    if (access.replaced && session && isEmpty(session)) {
      session = undefined;
      if (cookie && access.ended && hasCookie(req, cookie.name)) clearCookie(req, res, cookie);
    }
    if (access.forestalled && !access.replaced && !session?.auth) session = undefined;
    if (session?.auth && absoluteTimeout !== undefined) limitCookie(session, absoluteTimeout);
    if (access.used) res.vary("Cookie");
    if (access.personal && (res.getHeader("Cache-Control") ?? UNCHOSEN_CACHING) === UNCHOSEN_CACHING) {
      res.setHeader("Cache-Control", "private, no-store");
    }
    if (access.used) assertSerializable();
  };
  // express-session would find out too late, when it takes no other answer any more.
  const assertSerializable = () => {
    try {
      JSON.stringify(session);
    } catch (error) {
      session = undefined;
      throw error;
    }
  };
  const { end } = res;
  res.end = function (this: Response, ...args: Parameters<typeof end>) {
    if (!res.headersSent) finish();
    return end.apply(this, args);
  } as typeof end;
  // Runs before express-session's own listener, the one that was added last being the first.
  onHeaders(res, finish);
}

/** May a cache keep the response for others too? As far as its handler said, and for a personal one that said nothing. */
export function isShareable(res: Response): boolean {
  return !/\b(private|no-store)\b/i.test(String(res.getHeader("Cache-Control")));
}

/** Notes that the response is a person's own. */
export function markPersonal(req: Request): void {
  const access = (req as WatchedRequest)[ACCESS];
  if (access) access.personal = access.used = true;
}

/**
 * Notes that the request's session is a new one, in the place of another.
 *
 * @param ended did this request end the other? If not, the one that did may have given the browser a new cookie already
 */
export function markReplaced(req: Request, ended: boolean): void {
  const access = (req as WatchedRequest)[ACCESS];
  if (!access) return;
  access.replaced = true;
  access.ended ||= ended;
}

/** Notes that another request of the browser's gives it a session, which one of this request's would take the place of. */
export function markForestalled(req: Request): void {
  const access = (req as WatchedRequest)[ACCESS];
  if (access) access.forestalled = true;
}

/** Is the use of this request's session watched already? */
export function isWatched(req: Request): boolean {
  return (req as WatchedRequest)[ACCESS] !== undefined;
}

/** Has the handler ended this request's response, or begun to send it? */
export function isFinishing(req: Request): boolean {
  return (req as WatchedRequest)[ACCESS]?.finishing ?? false;
}

/** Was the response made for a person, or did it change who is logged in? */
export function isPersonal(req: Request): boolean {
  return (req as WatchedRequest)[ACCESS]?.personal ?? false;
}

/**
 * A cookie with an age outlives no login (ASVS 7.3.2). Limited is what the browser gets; the age that the application chose stays in
 * the session, for a confirmation starts the login's time anew.
 */
function limitCookie({ auth, cookie }: Request["session"], absoluteTimeout: number): void {
  const end = auth!.loginAt + absoluteTimeout;
  if (typeof cookie.originalMaxAge !== "number" || !Number.isFinite(end)) return;
  const unlimited = () => Reflect.get(Object.getPrototypeOf(cookie), "data", cookie) as { expires: Date };
  Object.defineProperty(cookie, "data", {
    configurable: true,
    get: () => ({ ...unlimited(), expires: new Date(Math.min(unlimited().expires.getTime(), end)) }),
  });
}

function isEmpty(session: object): boolean {
  return Object.keys(session).every((key) => key === "cookie");
}
