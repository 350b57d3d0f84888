import { browsersOf, endLogins, sessionsOf } from "../active-sessions/store-logins.js";
import type { Core } from "../core.js";
import type { ExternalLogin } from "../login-fields/external-login.js";
import { restoredFields } from "../remember/remembered-login.js";
import type { SessionAuth } from "../session/auth.js";
import { aliasFor, aliasOf, isMarked, listingStoreOf, type Name } from "./aliases.js";

/** See `ExternalLogins.unlink`. */
export async function unlinkExternal(
  core: Core,
  { userId, external }: Pick<SessionAuth, "userId" | "external">,
): Promise<void> {
  if (external?.sid === undefined) return;
  const { issuer, sid } = external;
  const isMeant = (other: ExternalLogin | undefined) => other?.issuer === issuer && other.sid === sid;
  if (await hasLogin(core, userId, isMeant)) return;
  const store = listingStoreOf(core);
  const name: Name = [issuer, "sid", sid];
  const alias = await aliasFor(core, store, name, userId);
  if (!alias || !(await store.destroy(alias.id))) return;
  // A login that another request was creating needs the alias, and may have missed a logout at the provider meanwhile.
  if (!(await hasLogin(core, userId, isMeant))) return;
  await aliasOf(core, store, name, userId, alias.expiresAt);
  if (await isMarked(core, store, name)) await endLogins(core, userId, (login) => isMeant(login.external));
}

async function hasLogin(
  core: Core,
  userId: string,
  isMeant: (external: ExternalLogin | undefined) => boolean,
): Promise<boolean> {
  for await (const { auth } of sessionsOf(core, userId)) if (isMeant(auth.external)) return true;
  for await (const { browser } of browsersOf(core, userId)) {
    if (isMeant(restoredFields(browser.login).external)) return true;
  }
  return false;
}
