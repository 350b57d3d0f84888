import type { Host } from "../url.js";

/** What a URL says of a Redis: alone, as a Cluster, or behind Sentinels. */
export interface RedisServers {
  kind: "alone" | "cluster" | "sentinel";
  /** The servers, or the Sentinels. */
  hosts: Array<Host & { port: number }>;
  isEncrypted: boolean;
  username: string | undefined;
  password: string | undefined;
  /** The number of the database. */
  database: number;
  /** The name that the Sentinels have for the master. */
  master: string;
}
