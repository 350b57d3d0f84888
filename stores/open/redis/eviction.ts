import type { Inside } from "../inside.js";
import { evaluated } from "./script.js";

/** What a Redis server does when its memory is full. */
export interface Eviction {
  /** The setting `maxmemory-policy`; undefined if the server does not report it. */
  policy: string | undefined;
  /** The setting `maxmemory` in bytes; 0 if there is no limit. */
  limit: number;
}

/** Has this process already warned that it cannot read the policy? */
let hasWarned = false;

/** Reads the eviction policy. Many hosts of Redis allow INFO, but not CONFIG GET. With a Cluster, asks one master. */
export async function evictionOf(inside: Inside & { kind: "redis" }): Promise<Eviction> {
  const info = String(await evaluated(inside, "return redis.call('INFO', 'memory')"));
  const policy = /^maxmemory_policy:(.*?)\r?$/m.exec(info)?.[1];
  return { policy, limit: Number(/^maxmemory:(\d+)/m.exec(info)?.[1] ?? 0) };
}

/**
 * Emits a process warning if the server deletes sessions when its memory is full. If the policy cannot be read, the
 * process warns about that once.
 */
export async function warnOfEviction(inside: Inside & { kind: "redis" }): Promise<void> {
  const found = await evictionOf(inside).catch(() => undefined);
  if (found?.policy === undefined) {
    if (!hasWarned) warn("latchkey cannot read the setting maxmemory-policy of Redis: make sure that it is noeviction");
    hasWarned = true;
  } else if (found.policy !== "noeviction" && found.limit > 0) {
    warn(
      `the setting maxmemory-policy of Redis is ${found.policy}, so Redis deletes sessions when its memory is full: ` +
        "users are logged out, and login.sessions may not find all of a user's logins. Set it to noeviction",
    );
  }
}

function warn(message: string): void {
  process.emitWarning(message, "LatchkeyEvictionWarning");
}
