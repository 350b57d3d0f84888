import type { Host } from "../url.js";

/** The Redis servers that a URL names: one server, a Cluster, or servers behind Sentinels. */
export interface RedisServers {
  kind: "alone" | "cluster" | "sentinel";
  /** The addresses of the servers or, if there are Sentinels, of the Sentinels. */
  hosts: Array<Host & { port: number }>;
  isEncrypted: boolean;
  username: string | undefined;
  password: string | undefined;
  /** The number of the database. */
  database: number;
  /** The name that the Sentinels use for the master. */
  master: string;
}
