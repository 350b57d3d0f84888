import type { LoginInfo } from "../active-sessions/list-logins.js";
import { type Command, type Outcome, USER_OPTIONS } from "./command.js";
import { table } from "./table.js";
import { named, withUserLogins } from "./user-logins.js";

/** `latchkey sessions` */
export const sessions: Command = {
  summary: "List the logins of a user, newest first: sessions and remembered browsers",
  details: "Pass an id of the list to revoke. The ids are not secret and give no access.",
  options: USER_OPTIONS,
  run: (given) =>
    withUserLogins(given, async (logins): Promise<Outcome> => {
      const listed = await logins.sessions.list(logins.user);
      const { user, realm, damaged } = logins;
      const lines = [listed.length > 0 ? tableOf(listed) : `${named(logins)} has no logins.`];
      if (damaged.size > 0) lines.push(`${damaged.size} more cannot be read; revoke-all ends them too.`);
      return { text: lines.join("\n"), json: { user, realm, logins: listed.map(asJson), damaged: damaged.size } };
    }),
};

/** `latchkey count` */
export const count: Command = {
  summary: "Count the logins of a user",
  options: USER_OPTIONS,
  run: (given) =>
    withUserLogins(given, async ({ user, realm, sessions }): Promise<Outcome> => {
      const { length } = await sessions.list(user);
      return { text: String(length), json: { user, realm, count: length } };
    }),
};

function tableOf(logins: readonly LoginInfo[]): string {
  const header = ["ID", "LOGGED IN", "LAST SEEN", "EXPIRES", "REMEMBERED", "BOUND", "ADDRESS", "LABEL", "USER AGENT"];
  const rows = logins.map(({ id, persistent, deviceBound, address, label, userAgent, impersonator, ...times }) => [
    id,
    ...[times.createdAt, times.lastSeenAt, times.expiresAt].map(toSecond),
    persistent ? "yes" : "no",
    deviceBound ? "yes" : "no",
    address ?? "unknown",
    label ?? "",
    impersonator === undefined ? (userAgent ?? "unknown") : `(${impersonator} acts as this user)`,
  ]);
  return table([header, ...rows]);
}

/** Leaves out `fresh`, which depends on the application's options, and `current`, which depends on the request. */
function asJson(login: LoginInfo): object {
  const { id, persistent, deviceBound, address, label, userAgent, impersonator, impersonating, ...times } = login;
  const { createdAt, lastSeenAt, expiresAt, boundAt } = times;
  const [created, lastSeen, expires] = [createdAt, lastSeenAt, expiresAt].map((time) => new Date(time).toISOString());
  return {
    id,
    createdAt: created,
    lastSeenAt: lastSeen,
    expiresAt: expires,
    remembered: persistent,
    deviceBound,
    boundAt: boundAt === null ? null : new Date(boundAt).toISOString(),
    address,
    label,
    userAgent,
    impersonator,
    impersonating,
  };
}

function toSecond(time: number): string {
  return new Date(time).toISOString().replace(/\.\d+Z$/, "Z");
}
