import { type ChildProcess, execFile, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { chown, mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { promisify } from "node:util";
import { createConnection } from "mysql2/promise";
import pg from "pg";
import { freePort, until } from "./redis-servers.js";
import { refuseInQuickTier } from "./tier.js";

/** A database server that one test starts and may kill. */
export interface DatabaseServer {
  url: string;
  /** Ends all processes of the server with SIGKILL, like a crash, and waits until the first one has ended. */
  kill(): Promise<void>;
  /** Starts the server again with the same port and data, and waits until it responds. */
  restart(): Promise<void>;
  /** Stops all processes of the server with SIGSTOP. Connections stay open, but nothing responds. */
  pause(): Promise<void>;
  /** Continues after `pause`. */
  resume(): Promise<void>;
  /** Ends the server and removes its data. */
  stop(): Promise<void>;
}

/** The user that a server runs as. Neither server should run as root. */
type Owner = { uid: number; gid: number } | Record<string, never>;

const running = new Set<ChildProcess>();
process.on("exit", () => {
  for (const child of running) child.kill("SIGKILL");
});

/** Starts PostgreSQL in a new folder with its default settings, so a confirmed commit is already on the disk. */
export async function startPostgres(): Promise<DatabaseServer> {
  const [initdb, postgres] = await Promise.all(["initdb", "postgres"].map(programOf));
  return startServer({
    user: "postgres",
    port: await freePort(),
    urlOf: (port) => `postgres://postgres@127.0.0.1:${port}/postgres`,
    make: (dir) => [initdb!, "--pgdata", dir, "--username", "postgres", "--auth", "trust"],
    serve: (dir, port) => [postgres!, "-D", dir, "-p", String(port), "-h", "127.0.0.1", "-k", ""],
    async ask(url) {
      const client = new pg.Client({ connectionString: url });
      client.on("error", () => {});
      await client.connect();
      await client.query("SELECT 1").finally(() => client.end());
    },
  });
}

/** Starts MariaDB in a new folder with its default settings. */
export async function startMariaDb(): Promise<DatabaseServer> {
  const [install, mariadbd] = await Promise.all(["mariadb-install-db", "mariadbd"].map(programOf));
  return startServer({
    user: "mysql",
    port: await freePort(),
    urlOf: (port) => `mariadb://root@127.0.0.1:${port}/test`,
    make: (dir) => [...[install!, "--no-defaults", `--datadir=${dir}`, "--auth-root-authentication-method=normal"]],
    serve: (dir, port) => [
      ...[mariadbd!, "--no-defaults", `--datadir=${dir}`, `--port=${port}`, "--bind-address=127.0.0.1"],
      ...[`--socket=${join(dir, "socket")}`, `--pid-file=${join(dir, "pid")}`],
    ],
    async ask(url) {
      const connection = await createConnection({ uri: url.replace("mariadb:", "mysql:") });
      await connection.query("SELECT 1").finally(() => connection.end());
    },
  });
}

interface Server {
  user: string;
  port: number;
  urlOf(port: number): string;
  /** The command that creates the data folder. */
  make(dir: string): string[];
  /** The command that starts the server. */
  serve(dir: string, port: number): string[];
  /** Sends a query. Rejects if the server does not respond. */
  ask(url: string): Promise<void>;
}

async function startServer({ user, port, urlOf, make, serve, ask }: Server): Promise<DatabaseServer> {
  refuseInQuickTier(user);
  const dir = await mkdtemp(join(tmpdir(), `latchkey-${user}-`));
  const owner = await ownerOf(user);
  if (owner.uid !== undefined) await chown(dir, owner.uid, owner.gid);
  const [program, ...args] = make(dir) as [string, ...string[]];
  await promisify(execFile)(program, args, { ...owner, cwd: dir });

  const url = urlOf(port);
  let child: ChildProcess | undefined;
  const launch = () => {
    if (child && running.has(child)) return;
    const [served, ...serving] = serve(dir, port) as [string, ...string[]];
    child = spawn(served, serving, { ...owner, cwd: dir, stdio: "ignore" });
    const started = child;
    running.add(started);
    started.once("exit", () => running.delete(started));
    started.once("error", () => running.delete(started));
    started.unref();
  };
  const server: DatabaseServer = {
    url,
    async kill() {
      if (!child || !running.has(child)) return;
      const ended = new Promise((resolve) => child!.once("exit", resolve));
      child.ref();
      // A process of PostgreSQL that serves a connection could still respond after the first process has ended.
      child.kill("SIGSTOP");
      const others = await childrenOf(child);
      child.kill("SIGKILL");
      for (const pid of others) kill(pid, "SIGKILL");
      await ended;
    },
    restart: () =>
      until(() => {
        launch(); // retried because the killed process may still hold its memory or its lock
        return ask(url).then(() => true);
      }),
    pause: () => signal(child!, "SIGSTOP"),
    resume: () => signal(child!, "SIGCONT"),
    async stop() {
      await server.kill();
      // Retried because the workers of the server end a little later.
      await until(() => rm(dir, { recursive: true, force: true }).then(() => true));
    },
  };
  await server.restart();
  return server;
}

/** Sends a signal to a process and its children. */
async function signal(parent: ChildProcess, name: NodeJS.Signals): Promise<void> {
  parent.kill(name);
  for (const pid of await childrenOf(parent)) kill(pid, name);
}

/** The process ids of the children of a process. */
async function childrenOf(parent: ChildProcess): Promise<number[]> {
  const listed = await promisify(execFile)("pgrep", ["-P", String(parent.pid)]).catch(() => ({ stdout: "" }));
  return listed.stdout.split("\n").filter(Boolean).map(Number);
}

/** Sends a signal to a process, which may have ended meanwhile. */
function kill(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch (error) {
    if ((error as { code?: string }).code !== "ESRCH") throw error;
  }
}

/** The path of a program. Debian does not put the programs of PostgreSQL on PATH. */
async function programOf(name: string): Promise<string> {
  const versions = "/usr/lib/postgresql";
  const numbers = existsSync(versions) ? await readdir(versions) : [];
  const dirs = [
    ...(process.env.PATH ?? "").split(delimiter),
    "/usr/sbin",
    ...numbers.map((number) => join(versions, number, "bin")),
  ];
  const found = dirs.map((dir) => join(dir, name)).find((file) => existsSync(file));
  if (!found) throw new Error(`${name} is missing: apt-get install postgresql mariadb-server`);
  return found;
}

async function ownerOf(user: string): Promise<Owner> {
  if (process.getuid!() !== 0) return {};
  const [uid, gid] = await Promise.all(
    ["-u", "-g"].map(async (flag) => Number((await promisify(execFile)("id", [flag, user])).stdout)),
  );
  return { uid: uid!, gid: gid! };
}
