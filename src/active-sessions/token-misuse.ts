import type { Core } from "../core.js";
import { endBrowser } from "../remember/browser-record.js";
import type { OnMisuse, TokenMisuse } from "../remember/misuse.js";
import type { SessionAuth } from "../session/auth.js";
import { endLogins, endSessions, storeOf } from "./store-logins.js";

/**
 * Returns the handlers for a used-up remember token. After a stale token, the record of its browser and the sessions of
 * its login are deleted. After a stolen token, the records of all of the user's browsers and all their sessions are
 * deleted.
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
 * Ends the logins that a thief may use. The record of the token's browser is deleted last: if the store fails earlier,
 * the next use of the token continues the work. If several requests run at once, only the request that deletes the
 * record emits the event.
 */
async function endDoubted(core: Core, misuse: TokenMisuse, isDoubted: Choice, [event, reason]: Report): Promise<void> {
  const { req, userId, loginId, series, sessions, isEnded, last } = misuse;
  const endDoubtedSessions = () => endSessions(core, userId, isDoubted);
  const inSessions = await endDoubtedSessions();
  const ended = await endLogins(core, userId, (login) => isDoubted(login) && login.series !== series);
  const isFirst = isEnded || (await endBrowser(storeOf(core), series, { sessions })) !== null;
  if (isFirst) core.events.emit(event, { req, userId, loginId, last });
  // A restore in progress may have created another session. Now that the record is deleted, no more can be created.
  inSessions.push(...(await endDoubtedSessions()));
  const logins = new Set([...ended, ...inSessions.map(({ auth }) => auth.loginId), ...(isFirst ? [loginId] : [])]);
  if (logins.size > 0) core.events.emit("loginsRevoked", { userId, logins: [...logins], reason });
}
