import type { Core } from "../core.js";
import type { Keyring } from "../crypto/keys.js";
import { StorageIds } from "../crypto/storage-id.js";
import { Challenges } from "./challenges.js";
import { DeviceCookie } from "./device-cookie.js";

/** What the responses to the browsers of one manager need. */
export interface Protocol {
  readonly cookie: DeviceCookie;
  readonly challenges: Challenges;
  /** The ids of the records that say that a proof was used. */
  readonly proofIds: StorageIds;
  /** The other origins for whose pages browsers refresh the cookie. */
  readonly trustedOrigins: ReadonlySet<string>;
  /** The paths of the browser's requests. */
  readonly paths: { readonly registration: string; readonly refresh: string };
}

/** @param path the path below which the manager responds to the browser's requests */
export function newProtocol(
  { options, events }: Core,
  keys: (purpose: string) => Keyring,
  { path, maxAge, trustedOrigins }: { path: string; maxAge: number; trustedOrigins: readonly string[] },
): Protocol {
  return {
    cookie: new DeviceCookie(options, events as never, keys("device"), maxAge),
    challenges: new Challenges(keys("device challenge")),
    proofIds: new StorageIds(options.realm, "proof"),
    trustedOrigins: new Set(trustedOrigins),
    paths: { registration: `${path}/registration`, refresh: `${path}/refresh` },
  };
}
