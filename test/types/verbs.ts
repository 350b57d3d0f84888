import type { Request, RequestHandler } from "express";
import type {
  AnonymousUser,
  ConfirmOptions,
  confirmLogin,
  currentUser,
  Duration,
  decodeCookie,
  encodeCookie,
  Flash,
  flash,
  freshLoginRequired,
  isFresh,
  isRemembered,
  LoginOptions,
  loginRequired,
  loginUrl,
  loginUser,
  logoutUser,
  pendingUser,
  refreshStamp,
  roleRequired,
  SessionAuth,
  safeNext,
  takeFlashes,
} from "latchkey";
import { same } from "./same.js";

type Fresh = { within?: Duration | undefined; methods?: readonly string[] | "required" | undefined };

same<typeof loginUser, (req: Request, user: Express.User, options?: LoginOptions) => Promise<boolean>>(true);
same<
  keyof LoginOptions,
  "remember" | "duration" | "force" | "fresh" | "authTime" | "methods" | "external" | "label" | "data"
>(true);
same<typeof logoutUser, (req: Request) => Promise<void>>(true);
same<typeof refreshStamp, (req: Request) => Promise<void>>(true);
same<typeof isRemembered, (req: Request) => Promise<boolean>>(true);
same<typeof isFresh, (req: Request, options?: Fresh) => Promise<boolean>>(true);
same<typeof pendingUser, (req?: Request) => Promise<Express.User | null>>(true);
same<typeof confirmLogin, (req: Request, options?: ConfirmOptions) => Promise<void>>(true);
same<ConfirmOptions["authTime"], Date | number | undefined>(true);
same<keyof ConfirmOptions, "user" | "authTime" | "methods" | "external">(true);
same<ConfirmOptions["user"], Express.User | null | undefined>(true);
same<typeof currentUser, (req?: Request) => Promise<Express.User | AnonymousUser>>(true);

same<typeof loginRequired, () => RequestHandler>(true);
same<typeof freshLoginRequired, (options?: Fresh) => RequestHandler>(true);
same<typeof roleRequired, (...roles: string[]) => RequestHandler>(true);

same<typeof safeNext, (req: Request, fallback?: string) => string>(true);
same<typeof loginUrl, (view: string, next?: string | null, host?: string) => string>(true);
same<typeof flash, (req: Request, message: string, category?: string) => void>(true);
same<typeof takeFlashes, (req: Request, options?: { category?: string | undefined }) => Flash[]>(true);
same<Flash, { message: string; category: string }>(true);
same<typeof encodeCookie, (payload: string, secret: string | readonly string[]) => string>(true);
same<typeof decodeCookie, (cookie: string, secret: string | readonly string[]) => string | null>(true);

/** `req.session` has latchkey's properties, and methods that return a promise or accept a callback. */
export async function session({ session: kept, sessionID }: Request): Promise<void> {
  const save = kept.save();
  same<[typeof sessionID, typeof kept.id], [string, string]>(true);
  same<typeof save, Promise<void>>(true);
  const verbs = [kept.reload(), kept.regenerate(), kept.destroy()] as const;
  same<typeof verbs, readonly [Promise<void>, Promise<void>, Promise<void>]>(true);
  const called = kept.save((error: unknown) => void error);
  same<typeof called.id, string>(true);
  // @ts-expect-error A method that received a callback does not return a promise.
  called.then(() => {});
  const maybe = (done?: () => void) => kept.save(done);
  same<ReturnType<typeof maybe>["id"], string>(true);
  same<typeof kept.auth, SessionAuth | undefined>(true);
  same<typeof kept.cookie.originalMaxAge, number | null>(true);
}
