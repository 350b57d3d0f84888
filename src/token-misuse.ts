import { endLogins } from "./logins.js";
import type { OnMisuse } from "./remember-persistent.js";
import type { Core } from "./request-context.js";

/**
 * What a remember token that was used up brings about: a stale one ends its browser's record and the sessions of that login, a stolen
 * one the records of all of the user's browsers and every session that has one.
 */
export function onMisuse(core: Core): OnMisuse {
  return {
    async stale({ req, userId, loginId, series, last }) {
      const ended = await endLogins(core, userId, (login) => login.series === series || login.loginId === loginId);
      if (ended.size === 0) return;
      core.events.emit("rememberTokenStale", { req, userId, loginId, last });
      core.events.emit("loginsRevoked", { userId, logins: [...ended], reason: "stale remember token" });
    },
    async theft({ req, userId, loginId, last }) {
      const ended = await endLogins(core, userId, (login) => login.series !== null);
      if (ended.size === 0) return;
      core.events.emit("rememberTokenStolen", { req, userId, loginId, last });
      core.events.emit("loginsRevoked", { userId, logins: [...ended], reason: "stolen remember token" });
    },
  };
}
