import type { OpenStore } from "./open/open-store.js";
import { openByUrl } from "./open/openers.js";

export type { OpenStore } from "./open/open-store.js";

/**
 * Opens the store that a URL names, so that a deployment can choose it with one setting: `memory:`,
 * `sqlite:./sessions.db`, `redis://host:6379`, `redis+cluster://host1:7000,host2:7000`,
 * `redis+sentinel://host1:26379,host2:26379/master`, `postgres://user@host/database`, `mysql://user@host/database`.
 * `rediss` instead of `redis` encrypts the connection.
 *
 * It imports only the driver that the URL needs, creates the tables that are missing, and prunes expired rows every 15
 * minutes. No error shows the password of the URL.
 *
 * @throws TypeError for a URL of another kind, or one that cannot be read, or a parameter that is unknown or invalid
 * @throws PeerMissingError, with the command that installs it, if a package is missing
 * @throws Error with the `code` of the driver, if the store cannot be reached
 */
export async function openStore(url: string): Promise<OpenStore> {
  return openByUrl(url, { upkeep: true });
}
