import { type ChildProcess, execFile, spawn } from "node:child_process";
import { rmSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { refuseInQuickTier } from "./tier.js";

/** The options of a Redis server that the tests start. */
export interface RedisServerOptions {
  /** @default a free port */
  port?: number;
  /** Further arguments, such as `["--appendonly", "yes"]`. Without them the server does not save its data. */
  args?: string[];
}

/** A Redis server that the tests start. */
export interface RedisServer {
  port: number;
  /** Its working folder. */
  dir: string;
  url: string;
  pid(): number;
  /** Sends a signal. Waits until the process has ended if the signal is meant to end it. @default "SIGKILL" */
  kill(signal?: NodeJS.Signals): Promise<void>;
  /** Starts the server again, with the same port and folder. Kills the process first if it still runs. */
  restart(): Promise<void>;
  /** Ends the server and removes its folder. */
  stop(): Promise<void>;
}

const running = new Set<ChildProcess>();
const started = new Set<RedisServer>();
process.on("exit", () => {
  for (const child of running) child.kill("SIGKILL");
  for (const { dir } of started) rmSync(dir, { recursive: true, force: true });
});

/** The server does not save its data, and it sends the data to a replica without waiting for more replicas. */
const QUICK = ["--save", "", "--repl-diskless-sync-delay", "0"];

/** Starts a Redis server on a free port or the given one. */
export async function startRedis({ port: given, args = [] }: RedisServerOptions = {}): Promise<RedisServer> {
  for (let tried = 1; ; tried++) {
    const port = given ?? (await freePort());
    const dir = await mkdtemp(join(tmpdir(), "latchkey-redis-"));
    const launch = () => launchRedis(["--port", String(port), "--dir", dir, ...QUICK, ...args], dir);
    try {
      const server = serverOf(port, dir, await launch(), launch);
      started.add(server);
      return server;
    } catch (error) {
      await rm(dir, { recursive: true, force: true });
      if (given !== undefined || tried === 3) throw error; // otherwise another process may have taken the port
    }
  }
}

/** A running Redis Cluster. */
export interface RedisCluster {
  /** The masters. */
  nodes: RedisServer[];
  /** One replica for each master, or an empty list. */
  replicas: RedisServer[];
  stop(): Promise<void>;
}

/** Starts a Redis Cluster with three masters, and with a replica for each master if `replicated` is true. */
export async function startRedisCluster({ replicated = false } = {}): Promise<RedisCluster> {
  const all = await Promise.all(Array.from({ length: replicated ? 6 : 3 }, startClusterNode));
  const [nodes, replicas] = [all.slice(0, 3), all.slice(3)];
  const [first, ...others] = all;
  for (const [i, { port }] of nodes.entries()) {
    await redisCli(port, "CLUSTER", "ADDSLOTSRANGE", String([0, 5461, 10923][i]), String([5460, 10922, 16383][i]));
    await redisCli(port, "CLUSTER", "SET-CONFIG-EPOCH", String(i + 1));
  }
  for (const { port, busPort } of others)
    await redisCli(first!.port, "CLUSTER", "MEET", "127.0.0.1", String(port), String(busPort));
  for (const { port } of all) {
    await until(async () => {
      const info = await redisCli(port, "CLUSTER", "INFO");
      return info.includes("cluster_state:ok") && info.includes(`cluster_known_nodes:${all.length}`);
    });
  }
  for (const [i, { port }] of replicas.entries()) {
    const master = (await redisCli(nodes[i]!.port, "CLUSTER", "MYID")).trim();
    await redisCli(port, "CLUSTER", "REPLICATE", master);
    await until(async () => (await redisCli(port, "INFO", "replication")).includes("master_link_status:up"));
  }
  // A master lists its replica only after it has sent something to the replica. A ping is enough.
  for (const { port } of replicas.length > 0 ? all : []) {
    await until(async () => {
      const slots = await redisCli(port, "CLUSTER", "SLOTS");
      return all.every((node) => slots.includes(`\n${node.port}\n`));
    });
  }
  return { nodes, replicas, stop: () => stopAll(all) };
}

/** A running Redis with Sentinels. */
export interface RedisSentinels {
  name: string;
  sentinels: Array<RedisServer>;
  master: RedisServer;
  replica: RedisServer;
  stop(): Promise<void>;
}

/** Starts a master, its replica, and three Sentinels that monitor them. */
export async function startRedisSentinels(): Promise<RedisSentinels> {
  const name = "latchkey";
  const master = await startRedis();
  const replica = await startRedis({ args: ["--replicaof", "127.0.0.1", String(master.port)] });
  const sentinels = await Promise.all([0, 1, 2].map(() => startSentinel(name, master.port)));
  for (const { port } of sentinels) {
    await until(async () => {
      const seen = await redisCli(port, "SENTINEL", "MASTER", name);
      return /num-slaves\n1\n/.test(seen) && /num-other-sentinels\n2\n/.test(seen);
    });
  }
  await until(async () => (await redisCli(replica.port, "INFO", "replication")).includes("master_link_status:up"));
  return { name, sentinels, master, replica, stop: () => stopAll([...sentinels, replica, master]) };
}

/** Sends one command with redis-cli, and returns its output. */
export async function redisCli(port: number, ...command: string[]): Promise<string> {
  const { stdout } = await promisify(execFile)("redis-cli", ["-p", String(port), ...command]);
  return stdout;
}

/** Ends every server that this module started and that is still running. */
export async function stopRedisServers(): Promise<void> {
  await stopAll([...started]);
}

/** Waits until a condition is true. There is no time limit except Mocha's timeout, because the machine may be busy. */
export async function until(holds: () => Promise<boolean>): Promise<void> {
  while (!(await holds().catch(() => false))) await new Promise((resolve) => setTimeout(resolve, 20));
}

/** A port that no process listens on. */
export async function freePort(): Promise<number> {
  const probe = createServer();
  await new Promise<void>((resolve) => probe.listen(0, "127.0.0.1", resolve));
  const { port } = probe.address() as { port: number };
  await new Promise((resolve) => probe.close(resolve));
  return port;
}

async function startClusterNode(): Promise<RedisServer & { busPort: number }> {
  const busPort = await freePort();
  const args = ["--cluster-enabled", "yes", "--cluster-port", String(busPort), "--cluster-announce-ip", "127.0.0.1"];
  args.push("--repl-ping-replica-period", "1");
  return Object.assign(await startRedis({ args }), { busPort });
}

async function startSentinel(name: string, masterPort: number): Promise<RedisServer> {
  const port = await freePort();
  const dir = await mkdtemp(join(tmpdir(), "latchkey-sentinel-"));
  const file = join(dir, "sentinel.conf");
  const watch = `monitor ${name} 127.0.0.1 ${masterPort} 2\nsentinel down-after-milliseconds ${name} 1000`;
  await writeFile(file, `port ${port}\ndir ${dir}\nsentinel ${watch}\nsentinel failover-timeout ${name} 3000\n`);
  const launch = () => launchRedis([file, "--sentinel"], dir);
  const server = serverOf(port, dir, await launch(), launch);
  started.add(server);
  return server;
}

/** Starts the process, and waits until its output says that it is ready. */
function launchRedis(args: string[], cwd: string): Promise<ChildProcess> {
  refuseInQuickTier("redis-server");
  return new Promise((resolve, reject) => {
    const local = args.includes("--sentinel") ? [] : ["--bind", "127.0.0.1"];
    const child = spawn("redis-server", [...args, ...local], { cwd, stdio: ["ignore", "pipe", "inherit"] });
    let output = "";
    running.add(child);
    child.on("error", reject);
    child.once("exit", () => {
      running.delete(child);
      reject(new Error(`redis-server ended:\n${output}`));
    });
    child.stdout.on("data", (chunk: Buffer) => {
      if (output.length < 10_000) output += chunk;
      if (/Ready to accept connections|Sentinel ID is/.test(output)) resolve(child);
    });
    child.unref();
    (child.stdout as unknown as { unref(): void }).unref();
  });
}

function serverOf(port: number, dir: string, first: ChildProcess, launch: () => Promise<ChildProcess>): RedisServer {
  let child = first;
  const server: RedisServer = {
    port,
    dir,
    url: `redis://127.0.0.1:${port}`,
    pid: () => child.pid!,
    async kill(signal = "SIGKILL") {
      if (!running.has(child)) return;
      const ends = signal === "SIGKILL" || signal === "SIGTERM" || signal === "SIGINT";
      const ended = new Promise((resolve) => child.once("exit", resolve));
      child.kill(signal);
      if (ends) {
        child.ref();
        await ended;
      }
    },
    async restart() {
      await server.kill();
      child = await launch();
    },
    async stop() {
      await server.kill();
      started.delete(server);
      await rm(dir, { recursive: true, force: true });
    },
  };
  return server;
}

async function stopAll(servers: RedisServer[]): Promise<void> {
  await Promise.all(servers.map((server) => server.stop()));
}
