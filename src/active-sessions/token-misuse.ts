import type { Core } from "../core.js";
import { endBrowser } from "../remember/browser-record.js";
import type { OnMisuse, TokenMisuse } from "../remember/persistent.js";
import type { SessionAuth } from "../session/auth.js";
import { endLogins, endSessions, storeOf } from "./store-logins.js";

/**
 * What a remember token that was used up brings about: a stale one ends its browser's record and the sessions of that login, a stolen
 * one the records of all of the user's browsers and every session that has one.
 */
export function onMisuse(core: Core): OnMisuse {
  return {
    async stale(misuse) {
      const { series, loginId } = misuse;
      const isDoubted: Choice = (login) => login.series === series || login.loginId === loginId;
      await endDoubted(core, misuse, isDoubted, ["rememberTokenStale", "stale remember token"]);
    },
    async theft(misuse) {
      const isDoubted: Choice = (login) => login.series !== null;
      await endDoubted(core, misuse, isDoubted, ["rememberTokenStolen", "stolen remember token"]);
    },
  };
}

type Choice = (login: Pick<SessionAuth, "loginId" | "series">) => boolean;
type Telling = ["rememberTokenStale", "stale remember token"] | ["rememberTokenStolen", "stolen remember token"];

/**
 * Ends the logins that a token calls into doubt. The record that was presented is the last to go: when the store fails on the way, the
 * next presentation of the token goes on. Of many at once, who ends it tells of the misuse.
 */
async function endDoubted(core: Core, misuse: TokenMisuse, isDoubted: Choice, [event, reason]: Telling): Promise<void> {
  const { req, userId, loginId, series, sessions, last } = misuse;
  const endSessionsOfThem = () => endSessions(core, userId, isDoubted);
  const inSessions = await endSessionsOfThem();
  const ended = await endLogins(core, userId, (login) => isDoubted(login) && login.series !== series);
  const isFirst = (await endBrowser(storeOf(core), series, { sessions })) !== null;
  if (isFirst) core.events.emit(event, { req, userId, loginId, last });
  // A restore that was under way may have made a session, but makes none from now on.
  inSessions.push(...(await endSessionsOfThem()));
  const logins = new Set([...ended, ...inSessions.map(({ auth }) => auth.loginId), ...(isFirst ? [loginId] : [])]);
  if (logins.size > 0) core.events.emit("loginsRevoked", { userId, logins: [...logins], reason });
}
