import type { IncomingMessage } from "node:http";
import type { Application, Request, RequestHandler } from "express";
import {
  type AnonymousUser,
  type ChallengeHandler,
  type CurrentLoginOptions,
  type EndReason,
  type LoginEventName,
  type LoginEvents,
  type LoginInfo,
  type LoginListener,
  LoginManager,
  type LoginManagerOptions,
  type Policy,
  type RequestLoader,
  type ResolvedOptions,
  type RevokeReason,
  type TokenUse,
  type UserLoader,
  UserMixin,
  type UserSessions,
  type View,
} from "latchkey";
import { same } from "./same.js";

class User extends UserMixin {
  id = 1;
}
class Guest {
  cart: string[] = [];
}
type Manager = LoginManager<User, Guest>;

same<Manager["currentUser"], (req?: Request) => Promise<User | Guest>>(true);
same<Manager["authenticate"], (req: IncomingMessage, app?: Application) => Promise<User | null>>(true);
same<Manager["session"], () => RequestHandler>(true);
same<Manager["middleware"], () => RequestHandler>(true);
same<Manager["init"], (app: { use(...handlers: RequestHandler[]): unknown }) => void>(true);
same<Manager["userLoader"], (load: UserLoader<User>) => void>(true);
same<Manager["requestLoader"], (load: RequestLoader<User>) => void>(true);
same<Manager["unauthorized"], (req: Request) => Promise<void>>(true);
same<Manager["needsRefresh"], (req: Request) => Promise<void>>(true);
same<Manager["policy"], () => Policy>(true);
same<Manager["options"], ResolvedOptions>(true);
same<Manager["sessions"], UserSessions<User>>(true);
same<Parameters<Manager["sessions"]["list"]>, [user: User | string, options?: CurrentLoginOptions | undefined]>(true);
same<ReturnType<Manager["sessions"]["list"]>, Promise<LoginInfo[]>>(true);
same<ReturnType<Manager["sessions"]["revoke"]>, Promise<boolean>>(true);
same<ReturnType<Manager["sessions"]["revokeAll"]>, Promise<number>>(true);
same<LoginManagerOptions["userLoader"], UserLoader<Express.User> | undefined>(true);
same<Parameters<UserLoader<User>>, [id: string, req: Request]>(true);
same<Parameters<ChallengeHandler>["length"], 3>(true);
same<Extract<View, (...args: never[]) => unknown>, (req: Request) => string | undefined>(true);

/** The compiler infers the user classes from the options. */
export async function inferred(): Promise<void> {
  const byLoader = new LoginManager({ secret: "", userLoader: () => new User(), anonymousUser: () => new Guest() });
  same<typeof byLoader, LoginManager<User, Guest>>(true);
  const byClass = new LoginManager({ secret: "", userLoader: () => new User(), anonymousUser: Guest });
  same<typeof byClass, LoginManager<User, Guest>>(true);
  const later = new LoginManager<User>({ secret: "" });
  later.userLoader(async (id) => (id === "" ? undefined : new User()));
  later.requestLoader(() => null);
  same<Awaited<ReturnType<typeof later.currentUser>>, User | AnonymousUser>(true);
}

/** The details that a listener of an event receives, without the request. */
type Told<N extends LoginEventName> = Omit<LoginEvents<User>[N], "req">;
same<Parameters<LoginListener<User, "loggedIn">>[0], { req: Request; user: User; browser?: "known" | "new" }>(true);
same<Told<"loggedIn" | "loadedFromCookie" | "loadedFromRequest" | "loginConfirmed">["user"], User>(true);
same<Told<"forbidden" | "stampRefreshed" | "loginRefused">["user"], User>(true);
same<keyof Told<"unauthorized" | "needsRefresh" | "crossOriginRefused" | "userAccessed" | "sessionGone">, never>(true);
same<Told<"loggedOut">, { userId: string; user?: User }>(true);
same<Told<"loginEnded">, { userId: string; reason: EndReason }>(true);
same<Told<"loginsRevoked">, { userId: string; logins: string[]; reason: RevokeReason }>(true);
same<Told<"sessionProtected">, { userId: string; mode: "basic" | "strong" }>(true);
same<Told<"rememberTokenStale" | "rememberTokenStolen">, { userId: string; loginId: string; last: TokenUse }>(true);
same<Told<"storeFailed">, { operation: string; error: Error; failures: number }>(true);
