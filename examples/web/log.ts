import type { LoginEvents, LoginManager } from "latchkey";
import type { User } from "./user.js";

/** The log for the operators of the site. */
export interface Log {
  /** Logs an event of an account, with details. */
  event(name: string, details: object): void;
  error(error: unknown): void;
}

/** Writes to the console. JSON escapes user input, so that nobody can forge a log line. */
export const consoleLog: Log = {
  event: (name, details) => console.log(`${new Date().toISOString()} ${name} ${JSON.stringify(details)}`),
  error: (error) => console.error(error),
};

/** Logs the events of logins: logins and logouts, refusals and possible attacks. */
export function logEvents(login: LoginManager<User>, log: Log): void {
  login.on("loggedIn", ({ req, user, browser }) => {
    log.event("login", { userId: user.getId(), address: req.ip, browser });
  });
  login.on("loggedOut", ({ req, userId }) => log.event("logout", { userId, address: req.ip }));
  login.on("loginConfirmed", ({ req, user }) => log.event("confirmed", { userId: user.getId(), address: req.ip }));
  login.on("loginEnded", ({ userId, reason }) => log.event("login ended", { userId, reason }));
  login.on("loginsRevoked", (revoked) => log.event("logins revoked", revoked));
  login.on("stampRefreshed", ({ user }) => log.event("password changed", { userId: user.getId() }));
  login.on("forbidden", ({ req, user }) => log.event("forbidden", { userId: user.getId(), path: req.path }));
  login.on("crossOriginRefused", ({ req }) => {
    log.event("other origin", { origin: req.get("origin"), path: req.path, address: req.ip });
  });
  login.on("sessionProtected", ({ userId, req }) => log.event("other client", { userId, address: req.ip }));
  login.on("deviceRefused", ({ req, userId, loginId, reason }) => {
    log.event("device refused", { userId, loginId, reason, address: req.ip });
  });
  login.on("rememberTokenStale", (misuse) => log.event("remember cookie used twice", use(misuse)));
  login.on("rememberTokenStolen", (misuse) => log.event("REMEMBER COOKIE STOLEN", use(misuse)));
  login.on("storeFailed", ({ error }) => log.error(error));
  login.on("storeRecovered", ({ since }) => log.event("store recovered", { since: new Date(since).toISOString() }));
}

function use({ req, userId, loginId, last }: LoginEvents["rememberTokenStolen"]): object {
  return { userId, loginId, address: req.ip, userAgent: req.get("user-agent"), last };
}
