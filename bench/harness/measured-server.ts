import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { type Answer, Connection, requestOf } from "./client.js";
import type { Place } from "./place.js";

/** The number of connections that send requests at the same time, unless a part chooses another. */
export const CLIENTS = 16;

/** Identifies a variant: the function `name` of a module. */
export interface VariantOf {
  module: string;
  name: string;
}

/** The figures that a server reports. */
export interface Told {
  cpu: NodeJS.CpuUsage;
  counts: Record<string, number>;
  heap: number;
  node: string;
  /** The monotonic clock, in microseconds. */
  now: number;
}

/** The cost of a run of requests. */
export interface Run {
  /** CPU time of the server per request, in microseconds. */
  cpu: number;
  /** Requests per second. */
  rate: number;
  /** How long each request took, in milliseconds, sorted. */
  times: Float64Array;
}

/** The options for a server's process. */
export interface Starting {
  /** The Node binary. */
  node: string;
  execArgv?: string[];
  /** Does the server count store calls and statements? Counting itself takes time. */
  counting?: boolean;
  clients?: number;
}

/** A variant that runs as a server in a child process. */
export class MeasuredServer {
  /** The session cookie of each connection. */
  #cookies: string[] = [];
  readonly #child: ChildProcess;
  readonly #connections: Connection[];
  #isStopped = false;

  private constructor(child: ChildProcess, connections: Connection[]) {
    this.#child = child;
    child.once("exit", (code, signal) => {
      if (!this.#isStopped) throw new Error(`a measured server exited: ${signal ?? code}`);
    });
    this.#connections = connections;
  }

  /** @throws if the server exits before it listens */
  static async start({ module, name }: VariantOf, place: Place, starting: Starting) {
    const { node, execArgv = [], counting = false, clients = CLIENTS } = starting;
    const program = fileURLToPath(new URL("./server.js", import.meta.url));
    const child = fork(program, [module, name, place.name, place.url, ...(counting ? ["count"] : [])], {
      execPath: node,
      execArgv,
    });
    const ended = once(child, "exit").then(() => {
      throw new Error(`${name} on ${place.name} does not start`);
    });
    const [{ port }] = (await Promise.race([once(child, "message"), ended])) as [{ port: number }];
    ended.catch(() => {});
    const connections = await Promise.all(Array.from({ length: clients }, () => Connection.open(port)));
    return new MeasuredServer(child, connections);
  }

  /** Sends one request on the first connection. */
  send(line: string): Promise<Answer> {
    return this.#connections[0]!.send(requestOf(line));
  }

  /** Logs in on each connection, and stores the cookies for the runs. */
  async logIn(): Promise<void> {
    this.#cookies = [];
    for (const connection of this.#connections) {
      const { cookie, status, body } = await connection.send(requestOf("GET /login"));
      if (status >= 400) throw new Error(`a login failed with ${status}: ${body}`);
      this.#cookies.push(cookie);
    }
  }

  /**
   * Sends one request many times over all connections, each with its own cookie, and measures the cost.
   *
   * @param cookies one cookie per request, instead of the connections' cookies
   */
  async run(line: string, times: number, cookies?: readonly string[]): Promise<Run> {
    const own = this.#connections.map((_, i) => requestOf(line, this.#cookies[i]));
    const given = cookies?.map((cookie) => requestOf(line, cookie));
    const before = await this.told();
    const begun = performance.now();
    const taken = new Float64Array(times);
    let left = times;
    const client = async (connection: Connection, i: number) => {
      while (left-- > 0) {
        const at = left;
        const sent = performance.now();
        const { status, body } = await connection.send(given ? given[at % given.length]! : own[i]!);
        taken[at] = performance.now() - sent;
        if (status !== 200) throw new Error(`${line} failed with ${status}: ${body}`);
      }
    };
    await Promise.all(this.#connections.map(client));
    const seconds = (performance.now() - begun) / 1000;
    const after = await this.told();
    const cpu = after.cpu.user + after.cpu.system - before.cpu.user - before.cpu.system;
    return { cpu: cpu / times, rate: times / seconds, times: taken.sort() };
  }

  /** Returns the server's figures. @param asked "heap" collects garbage first, which needs `--expose-gc` */
  async told(asked: "figures" | "heap" = "figures"): Promise<Told> {
    this.#child.send(asked);
    return ((await once(this.#child, "message")) as [Told])[0];
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    for (const connection of this.#connections) connection.close();
    const exited = once(this.#child, "exit");
    this.#child.send("stop");
    await exited;
  }
}
