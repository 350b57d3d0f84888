import type { Core } from "../core.js";
import { endBrowser } from "../remember/browser-record.js";
import type { OnMisuse, TokenMisuse } from "../remember/misuse.js";
import type { SessionAuth } from "../session/auth.js";
import { endLogins, endSessions, storeOf } from "./store-logins.js";

/**
 * Handles the use of a remember token that was already used up. A stale token ends its browser's record and the
 * sessions of that login. A stolen token ends the records of all of the user's browsers, and every session that belongs
 * to one.
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
type Report = ["rememberTokenStale", "stale remember token"] | ["rememberTokenStolen", "stolen remember token"];

/**
 * Ends the logins that a misused token puts in doubt. The record of the presented token is ended last: if the store
 * fails before that, the next use of the token continues. Of concurrent requests, only the one that deletes the record
 * emits the event.
 */
async function endDoubted(core: Core, misuse: TokenMisuse, isDoubted: Choice, [event, reason]: Report): Promise<void> {
  const { req, userId, loginId, series, sessions, last } = misuse;
  const endDoubtedSessions = () => endSessions(core, userId, isDoubted);
  const inSessions = await endDoubtedSessions();
  const ended = await endLogins(core, userId, (login) => isDoubted(login) && login.series !== series);
  const isFirst = (await endBrowser(storeOf(core), series, { sessions })) !== null;
  if (isFirst) core.events.emit(event, { req, userId, loginId, last });
  // A restore in progress may have created a session meanwhile; from now on, none can.
  inSessions.push(...(await endDoubtedSessions()));
  const logins = new Set([...ended, ...inSessions.map(({ auth }) => auth.loginId), ...(isFirst ? [loginId] : [])]);
  if (logins.size > 0) core.events.emit("loginsRevoked", { userId, logins: [...logins], reason });
}
