import type { Core, ExternalLogins } from "../core.js";
import type { Part } from "../options/part.js";
import { endExternal, linkExternal } from "./aliases.js";
import { checkExternalIds, externalFrom } from "./checks.js";
import { unlinkExternal } from "./unlink.js";

/**
 * For the option `externalLogins`: a login can have the ids of an identity provider, and can be ended by these ids, as
 * OpenID Connect Back-Channel Logout requires. `loginUser` and `confirmLogin` then take `external`, and
 * `login.sessions.revokeExternal` ends the logins.
 */
export function externalLogins(): Part<"externalLogins"> {
  return {
    part: "externalLogins",
    create: (core: Core): ExternalLogins => ({
      check: externalFrom,
      link: (login, until) => linkExternal(core, login, until),
      unlink: (login) => unlinkExternal(core, login),
      end(issuer, ids) {
        checkExternalIds(issuer, ids);
        return endExternal(core, issuer, ids);
      },
    }),
  };
}
