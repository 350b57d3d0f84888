import type { Request, RequestHandler } from "express";
import {
  AnonymousUser,
  currentUser,
  type DeviceBinding,
  type DeviceRefusal,
  type Duration,
  type decodeCookie,
  type Flash,
  isFresh,
  LoginManager,
  type LoginManagerOptions,
  type loginRequired,
  loginUser,
  logoutUser,
  MemoryStore,
  OptionError,
  roleRequired,
  type SessionAuth,
  type SessionStore,
  type safeNext,
  type takeFlashes,
  UserMixin,
} from "latchkey";
import { deviceBound, deviceBoundRequired } from "latchkey/device-bound";
import { Authorized, CurrentUser, Fresh, type guardTable, Public } from "latchkey/routing-controllers";
import { loginAs } from "latchkey/testing";

/** Compiles only if both types are the same. */
type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
declare function same<A, B>(yes: Same<A, B>): void;

class User extends UserMixin {
  id = 1;
  email = "";
}
class Guest extends AnonymousUser {
  cart: string[] = [];
}
declare global {
  namespace Express {
    interface User extends Member {}
  }
}
interface Member extends UserMixin {
  nickname: string;
}
declare const req: Request;
declare const user: User;
const secret = "a secret";

const typed = new LoginManager<User>({
  secret,
  userLoader: async (id, request) => {
    same<typeof id, string>(true);
    same<typeof request, Request>(true);
    return id === "" ? null : user;
  },
  requestLoader: () => undefined,
  userId: ({ id }) => String(id),
  roles: ({ email }) => [email],
});
const guests = new LoginManager<User, Guest>({ secret, anonymousUser: Guest, userLoader: () => user });
const inferred = new LoginManager({ secret, userLoader: (): User => user });
const bare = new LoginManager({ secret });
const bound = new LoginManager<User>({ secret, deviceBound: deviceBound({ cookieMaxAge: "5m", register: false }) });
same<ReturnType<typeof deviceBound>, DeviceBinding>(true);
deviceBoundRequired(bound);
deviceBoundRequired();

export async function users(): Promise<void> {
  same<Awaited<ReturnType<typeof typed.currentUser>>, User | AnonymousUser>(true);
  same<Awaited<ReturnType<typeof guests.currentUser>>, User | Guest>(true);
  same<Awaited<ReturnType<typeof inferred.currentUser>>, User | AnonymousUser>(true);
  same<Awaited<ReturnType<typeof bare.currentUser>>, Express.User | AnonymousUser>(true);
  same<Awaited<ReturnType<typeof currentUser>>, Express.User | AnonymousUser>(true);
  same<typeof req.user, Express.User | undefined>(true);

  const known = await typed.currentUser();
  if (known.isAuthenticated) same<typeof known, User>(true);
  if (known.isAnonymous === false) same<typeof known, User>(true);
  if (!known.isAnonymous) same<typeof known, User>(true);
  // @ts-expect-error An anonymous user has no email address.
  known.email;
  const anyone = await currentUser(req);
  if (anyone.isAuthenticated) same<typeof anyone.nickname, string>(true);
  // @ts-expect-error An anonymous user has no nickname.
  anyone.nickname;
  const guest = await guests.currentUser();
  if (!guest.isAuthenticated && guest.isAnonymous && !("email" in guest)) same<typeof guest.cart, string[]>(true);
}

export function events(): void {
  const chained = typed.on("loggedIn", (details) => {
    same<typeof details, { req: Request; user: User; browser?: "known" | "new" }>(true);
  });
  same<typeof chained, LoginManager<User>>(true);
  typed.on("loggedOut", ({ userId, user: gone }) => {
    same<typeof userId, string>(true);
    same<typeof gone, User | undefined>(true);
  });
  typed.on("sessionProtected", ({ mode }) => same<typeof mode, "basic" | "strong">(true));
  typed.on("loginEnded", ({ reason }) => {
    // @ts-expect-error This reason does not exist.
    reason === "boredom";
  });
  typed.on("deviceRefused", ({ userId, loginId, reason }) => {
    same<typeof reason, DeviceRefusal>(true);
    same<[typeof userId, typeof loginId], [string, string]>(true);
    // @ts-expect-error This reason does not exist.
    reason === "boredom";
  });
  typed.on("storeFailed", ({ operation, error }) => {
    same<typeof operation, string>(true);
    same<typeof error, Error>(true);
  });
  bare.on("loggedIn", ({ user: member }) => same<typeof member, Express.User>(true));
  // @ts-expect-error This event does not exist.
  typed.on("loggedin", () => {});
  // @ts-expect-error This event has no user.
  typed.on("unauthorized", ({ user: nobody }) => nobody);
}

export async function verbs(member: Express.User): Promise<void> {
  same<Awaited<ReturnType<typeof loginUser>>, boolean>(true);
  await loginUser(req, member, { remember: true, duration: "30d", force: true, fresh: false });
  await logoutUser(req);
  same<Duration, string | number>(true);
  same<Awaited<ReturnType<typeof isFresh>>, boolean>(true);
  await isFresh(req, { within: 1000 });
  same<ReturnType<typeof safeNext>, string>(true);
  same<ReturnType<typeof takeFlashes>, Flash[]>(true);
  same<ReturnType<typeof decodeCookie>, string | null>(true);
  same<ReturnType<typeof loginRequired>, RequestHandler>(true);
  same<typeof req.session.auth, SessionAuth | undefined>(true);
  roleRequired("admin", "editor");
  // @ts-expect-error This option does not exist.
  await loginUser(req, member, { forever: true });
  // @ts-expect-error Roles are strings.
  roleRequired(1);
  const cookie: string = await loginAs(typed, user, { fresh: false });
  await loginAs(guests, user, { remember: true });
  // @ts-expect-error A Guest is not a user of this manager.
  await loginAs(typed, new Guest());
  void cookie;
}

export function options(given: LoginManagerOptions<User>): void {
  const store: SessionStore = new MemoryStore({ maxOfKind: 10 });
  new LoginManager<User>({ ...given, store, loginView: { "/": "/login" }, refreshView: () => undefined });
  new LoginManager<User>({ secret: [secret] as const, sessionProtection: false, nextIn: "cookie" });
  new LoginManager<User>({ secret, store: undefined, remember: { duration: undefined, cookie: undefined } });
  // @ts-expect-error The secret is required.
  new LoginManager<User>({ userLoader: () => user });
  // @ts-expect-error This option does not exist.
  new LoginManager<User>({ secret, loginVeiw: "/login" });
  // @ts-expect-error This mode does not exist.
  new LoginManager<User>({ secret, sessionProtection: "strict" });
  // @ts-expect-error The loader returns another class.
  new LoginManager<User>({ secret, userLoader: () => new Guest() });
  // @ts-expect-error The options are read-only.
  typed.options.loginMessage = "";
  const { option, code, status } = new OptionError("secret", "");
  same<[typeof option, typeof code, typeof status], [string, string, number]>(true);
}

@Authorized("admin")
@Fresh()
export class Controller {
  @Authorized()
  @Fresh({ within: "10m" })
  change(@CurrentUser() current: User, @CurrentUser() anyone: User | AnonymousUser): unknown {
    return [current, anyone];
  }
  @Public()
  help(): void {}
  // @ts-expect-error Roles are strings.
  @Authorized(1)
  wrong(): void {}
}
same<ReturnType<typeof guardTable>[number]["guard"], "public" | "login" | "fresh" | "roles">(true);
same<ReturnType<typeof typed.currentUserChecker>, Promise<User | null>>(true);
