import { atMost } from "../../at-most.js";
import type { NodeRedisClient } from "../../redis/commands.js";
import { type Connections, publishReconnect } from "../connections.js";
import { OPEN_TIMEOUT } from "../failure.js";
import { type Connection, connected, drop, type RedisLinkOptions, type Waiting } from "./connection.js";

/** The shortest timeout for a new connection, in milliseconds. */
const SHORTEST_CONNECT = 1000;
/** The time between two attempts to connect, in milliseconds. */
const RETRY_EVERY = 500;

/** Matches an error that the Redis server sent, such as `NOSCRIPT No matching script`. */
const REPLY = /^[A-Z]{2,} /;

/**
 * A connection to Redis that is replaced when waiting commands get no response. A network can lose a connection without
 * notice to either side. Without this class, the client would then wait for many minutes.
 */
export class RedisLink implements NodeRedisClient {
  readonly isOpen = true;
  readonly #options: RedisLinkOptions;
  #connection: Connection | undefined;
  #respondedAt = 0;
  /** When the client began to reject every command itself; undefined while it sends commands. */
  #refusingSince: number | undefined;
  #timer: NodeJS.Timeout | undefined;
  #isReplacing = false;
  #isClosed = false;

  private constructor(options: RedisLinkOptions, connection: Connection) {
    this.#options = options;
    this.#connection = connection;
  }

  /** Connects. If this fails, no timer or socket is left that would keep the process alive. */
  static async open(options: RedisLinkOptions): Promise<RedisLink> {
    return new RedisLink(options, await connected(options, OPEN_TIMEOUT));
  }

  get(key: string): Promise<unknown> {
    return this.#send(({ client }) => client.get(key));
  }

  eval(script: string, { keys, arguments: args }: { keys: string[]; arguments: string[] }): Promise<unknown> {
    return this.#send(({ commands }) => commands.evaluate("EVAL", script, keys[0]!, args));
  }

  evalSha(sha1: string, { keys, arguments: args }: { keys: string[]; arguments: string[] }): Promise<unknown> {
    return this.#send(({ commands }) => commands.evaluate("EVALSHA", sha1, keys[0]!, args));
  }

  connections(): Connections {
    const connection = this.#connection;
    if (!connection) return { open: 0, waiting: 0 };
    const { isReady, status = "ready" } = connection.client;
    return { open: (isReady ?? status === "ready") ? 1 : 0, waiting: connection.waiting.size };
  }

  /** Waits for the commands that were sent, but no longer than the timeout, and closes the connection. */
  async close(): Promise<void> {
    this.#isClosed = true;
    clearTimeout(this.#timer);
    const connection = this.#connection;
    if (!connection) return;
    this.#connection = undefined;
    const waiting = [...connection.waiting].map(({ settled }) => settled);
    await atMost(this.#options.timeout, Promise.all(waiting));
    drop(connection);
  }

  #send(command: (connection: Connection) => Promise<unknown>): Promise<unknown> {
    const connection = this.#connection;
    if (!connection) return Promise.reject(new Error("there is no connection to Redis at the moment"));
    return new Promise((resolve, reject) => {
      const settled = command(connection).then(
        (reply) => {
          connection.waiting.delete(waiting);
          this.#responded();
          resolve(reply);
        },
        (error: Error) => {
          connection.waiting.delete(waiting);
          if (REPLY.test(error.message)) this.#responded();
          else this.#refused();
          reject(error);
        },
      );
      const waiting: Waiting = { since: performance.now(), settled, fail: reject };
      connection.waiting.add(waiting);
      this.#watch(this.#options.timeout);
    });
  }

  #responded(): void {
    this.#respondedAt = performance.now();
    this.#refusingSince = undefined;
  }

  #refused(): void {
    this.#refusingSince ??= performance.now();
    // While the client reconnects, it may wait for a response that never comes.
    if (performance.now() - this.#refusingSince >= this.#options.timeout) void this.#replace();
  }

  #watch(delay: number): void {
    if (this.#timer || this.#isClosed) return;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      this.#check();
    }, delay).unref();
  }

  #check(): void {
    const [oldest] = this.#connection?.waiting ?? [];
    if (!oldest) return;
    const { isCluster, timeout } = this.#options;
    const since = isCluster ? oldest.since : Math.max(oldest.since, this.#respondedAt);
    const left = since + timeout - performance.now();
    if (left > 0) this.#watch(left);
    else void this.#replace();
  }

  async #replace(): Promise<void> {
    if (this.#isReplacing || this.#isClosed) return;
    this.#isReplacing = true;
    const began = performance.now();
    while (!this.#isClosed) {
      const next = await connected(this.#options, Math.max(this.#options.timeout, SHORTEST_CONNECT)).catch(() => null);
      if (next && !this.#isClosed) {
        this.#retire();
        this.#connection = next;
        publishReconnect({ store: "redis" });
        break;
      }
      if (next) drop(next);
      if (this.#respondedAt < began) this.#retire();
      else this.#failOverdue(); // keep the connection, because other servers of the Cluster still respond
      await pause(RETRY_EVERY);
    }
    this.#refusingSince = undefined;
    this.#isReplacing = false;
  }

  /** Rejects the commands that have waited for the timeout. Their server may not respond for a long time. */
  #failOverdue(): void {
    const { timeout } = this.#options;
    const latest = performance.now() - timeout;
    for (const { since, fail } of this.#connection?.waiting ?? []) {
      if (since > latest) return; // the commands are in the order in which they were sent
      fail(new Error(`Redis did not respond within ${timeout} ms`));
    }
  }

  /**
   * Drops the connection. If other servers of a Cluster still respond, the connection is dropped only after the
   * timeout.
   */
  #retire(): void {
    const { isCluster, timeout } = this.#options;
    const connection = this.#connection;
    this.#connection = undefined;
    if (!connection) return;
    const isAlive = isCluster && this.#respondedAt > performance.now() - timeout;
    if (isAlive) setTimeout(() => drop(connection), timeout).unref();
    else drop(connection);
  }
}

function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds).unref());
}
