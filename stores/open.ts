import type { OpenStore } from "./open/open-store.js";
import { openByUrl } from "./open/openers.js";

export type { Connections, Reconnect } from "./open/connections.js";
export type { OpenStore } from "./open/open-store.js";

/**
 * Opens the store that a URL names. With this function, one setting can choose the store: `memory:`,
 * `sqlite:./sessions.db`, `redis://host:6379`, `redis+cluster://host1:7000,host2:7000`,
 * `redis+sentinel://host1:26379,host2:26379/master`, `postgres://user@host/database`, `mysql://user@host/database`.
 * `rediss` instead of `redis` encrypts the connection.
 *
 * It imports only the driver that the URL needs, creates the tables that are missing, and prunes expired rows every 15
 * minutes. It emits the process warning `LatchkeyEvictionWarning` if Redis would delete sessions when its memory is
 * full. Errors never contain the password of the URL.
 *
 * @throws TypeError if the URL has an unknown scheme or cannot be read, or if a parameter is unknown or invalid
 * @throws PeerMissingError if a package is not installed. The message contains the command that installs it.
 * @throws Error with the driver's `code` if the store cannot be reached
 */
export async function openStore(url: string): Promise<OpenStore> {
  return openByUrl(url, { upkeep: true });
}
