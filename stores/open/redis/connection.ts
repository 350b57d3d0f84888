import { commandsOf, type RedisClient, type RedisCommands } from "../../redis/commands.js";

/** The part of a Redis client that `openStore` uses. */
type OwnClient = RedisClient & {
  get(key: string): Promise<unknown>;
  /** Can node-redis send commands now? Its client for a Cluster does not say. */
  readonly isReady?: boolean;
  /** `"ready"` if ioredis can send commands now. */
  readonly status?: string;
  on(event: "error", listener: (error: unknown) => void): unknown;
};

/** A client that is not connected yet. */
export interface UnconnectedRedis {
  client: OwnClient;
  connect(): Promise<unknown>;
  /** Closes the connection at once. */
  destroy(): void;
}

/** How a link creates and checks its clients. */
export interface RedisLinkOptions {
  make(): UnconnectedRedis;
  /** Connecting fails after this many errors. Without a limit, the client would retry forever. */
  mostErrors: number;
  /** Does the client connect to several servers? Then one server may hang while the others respond. */
  isCluster: boolean;
  /** The client is replaced if it gets no response for this many milliseconds. */
  timeout: number;
}

/** A command that still waits for its response. */
export interface Waiting {
  since: number;
  settled: Promise<unknown>;
  fail(error: Error): void;
}

/** A connected client, and its commands that still wait for a response. */
export interface Connection {
  client: OwnClient;
  commands: RedisCommands;
  waiting: Set<Waiting>;
  destroy(): void;
}

/** Connects a new client. @throws the error of the client if this fails or takes longer than `timeout` milliseconds */
export async function connected({ make, mostErrors }: RedisLinkOptions, timeout: number): Promise<Connection> {
  const { client, connect, destroy } = make();
  let timer: NodeJS.Timeout | undefined;
  const errors: Error[] = [];
  try {
    await new Promise((resolve, reject) => {
      // Errors after connecting are ignored: the client reconnects by itself, and a failed command rejects.
      let isConnecting = true;
      client.on("error", (error) => {
        if (isConnecting && error instanceof Error && errors.push(error) >= mostErrors) reject(error);
      });
      const fail = (error: unknown) => reject(errors.at(-1) ?? error);
      timer = setTimeout(() => fail(new Error(`Redis did not respond within ${timeout} ms`)), timeout);
      connect()
        .then(resolve, fail)
        .finally(() => {
          isConnecting = false;
        });
    });
    return { client, commands: commandsOf(client), waiting: new Set(), destroy };
  } catch (error) {
    destroy();
    throw error;
  } finally {
    clearTimeout(timer);
  }
}

/** Closes a connection. The commands that still wait for a response are rejected. */
export function drop({ waiting, destroy }: Connection): void {
  destroy();
  for (const { fail } of waiting) fail(new Error("the connection to Redis was closed before the response arrived"));
}
