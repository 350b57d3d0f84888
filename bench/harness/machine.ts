import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { availableParallelism, cpus, loadavg } from "node:os";
import { promisify } from "node:util";

/** The machine and the versions of a measurement. */
export interface Machine {
  processor: string;
  cores: number;
  /** The Node that the measured servers ran on. */
  node: string;
  /** The versions of packages, by name. */
  versions: Record<string, string>;
  /** The load average of the last minute, including the measurement itself. */
  load: number;
}

const PACKAGES = [
  "express",
  "express-session",
  "passport",
  "connect-redis",
  "connect-pg-simple",
  "routing-controllers",
];

/** Packages that only the benchmarks use. */
export const PEERS = ["iron-session", "@auth/express", "better-auth", "@foal/core"];

/** @param node the Node binary of the servers */
export async function machineOf(node: string, peers: readonly string[] = []): Promise<Machine> {
  const { stdout } = await promisify(execFile)(node, ["--version"]);
  const ours = await Promise.all(PACKAGES.map((name) => versionOf(`node_modules/${name}`)));
  const theirs = await Promise.all(peers.map((name) => versionOf(`bench/peers/node_modules/${name}`)));
  return {
    processor: cpus()[0]!.model,
    cores: availableParallelism(),
    node: stdout.trim().slice(1),
    versions: Object.fromEntries([...PACKAGES, ...peers].map((name, i) => [name, [...ours, ...theirs][i]!])),
    load: Number(loadavg()[0]!.toFixed(1)),
  };
}

async function versionOf(folder: string): Promise<string> {
  return (JSON.parse(await readFile(`${folder}/package.json`, "utf8")) as { version: string }).version;
}
