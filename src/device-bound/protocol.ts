import type { StorageIds } from "../crypto/storage-id.js";
import type { Challenges } from "./challenges.js";
import type { DeviceCookie } from "./device-cookie.js";

/** What the answers to the browsers of one manager share. */
export interface Protocol {
  readonly cookie: DeviceCookie;
  readonly challenges: Challenges;
  /** The ids of the records that say that a proof was used. */
  readonly proofIds: StorageIds;
  /** The paths of the browser's requests. */
  readonly paths: { readonly registration: string; readonly refresh: string };
}
