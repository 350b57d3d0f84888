import { given } from "../given.js";

/**
 * A client of node-redis 4 to 6, ioredis 5 or 6, or Valkey GLIDE 2, for one server, a Cluster or Sentinels. latchkey
 * recognizes the client by its methods.
 */
export type RedisClient = NodeRedisClient | IoredisClient | ValkeyGlideClient;

/**
 * The part of a node-redis client that latchkey uses: `createClient`, `createClientPool`, `createCluster` and
 * `createSentinel` all return such a client.
 */
export interface NodeRedisClient {
  /** Has `connect()` been called? */
  readonly isOpen: boolean;
  /** Sends GET. */
  get(key: string): Promise<unknown>;
  /** Sends EVAL. */
  eval(script: string, options: { keys: string[]; arguments: string[] }): Promise<unknown>;
  /** Sends EVALSHA. */
  evalSha(sha1: string, options: { keys: string[]; arguments: string[] }): Promise<unknown>;
  /** Sends WAIT. */
  wait?(replicas: number, timeout: number): Promise<number>;
}

/** The part of an ioredis client that latchkey uses: a `Redis`, with or without Sentinels, or a `Cluster`. */
export interface IoredisClient {
  /** The state of the connection. */
  readonly status: string;
  /** Sends GET. */
  get(key: string): Promise<unknown>;
  /** Sends EVAL. */
  eval(script: string, keys: number, ...keysAndArgs: string[]): Promise<unknown>;
  /** Sends EVALSHA. */
  evalsha(sha1: string, keys: number, ...keysAndArgs: string[]): Promise<unknown>;
  /** Sends WAIT. */
  wait(replicas: number, timeout: number): Promise<unknown>;
}

/** The part of a Valkey GLIDE client that latchkey uses: a `GlideClient` or a `GlideClusterClient`. */
export interface ValkeyGlideClient {
  /** Sends any command. */
  customCommand(args: string[]): Promise<unknown>;
}

/** The commands that the store sends. Each command is sent to the master that has the key. */
export interface RedisCommands {
  /** Sends GET; null if the client may send it to a replica. */
  get: ((key: string) => Promise<unknown>) | null;
  /** Sends EVAL with the text of a script, or EVALSHA with its hash. */
  evaluate(command: "EVAL" | "EVALSHA", script: string, key: string, args: string[]): Promise<unknown>;
  /** Sends WAIT; null if the client may send it over another connection than the commands before it. */
  wait: ((replicas: number, timeout: number) => Promise<unknown>) | null;
}

/** Returns the commands of a client. @throws TypeError if latchkey does not recognize the client */
export function commandsOf(client: RedisClient): RedisCommands {
  if (isValkeyGlide(client)) return ofValkeyGlide(client);
  if (isIoredis(client)) return ofIoredis(client);
  if (isNodeRedis(client)) return ofNodeRedis(client);
  throw new TypeError(
    `client must be a client of node-redis 4 to 6, ioredis 5 or 6, or Valkey GLIDE 2, not ${given(client)}`,
  );
}

/** Converts the Buffers in a response to text, because a client may be configured to return Buffers. */
export function asText(reply: unknown): unknown {
  if (Array.isArray(reply)) return reply.map(asText);
  return Buffer.isBuffer(reply) ? reply.toString() : reply;
}

function isNodeRedis(client: unknown): client is NodeRedisClient {
  return has(client, "get", "eval", "evalSha") && typeof (client as NodeRedisClient).isOpen === "boolean";
}

/** Uses the client's own commands, because `sendCommand` of node-redis 6 does not add the client's `keyPrefix`. */
function ofNodeRedis(client: NodeRedisClient): RedisCommands {
  const isCluster = has(client, "nodeClient");
  if (isCluster && !has(client, "withTypeMapping")) return ofNodeRedis4Cluster(client);
  const commands = promisesOf(client);
  const isSentinel = has(client, "getMasterNode");
  const isPool = has(client, "execute");
  const canWait = has(commands, "wait") && !isCluster && !isPool;
  return {
    get: isCluster || isSentinel ? null : (key) => commands.get(key),
    evaluate: (command, script, key, args) =>
      commands[command === "EVAL" ? "eval" : "evalSha"](script, { keys: [key], arguments: args }),
    wait: canWait ? (replicas, timeout) => commands.wait!(replicas, timeout) : null,
  };
}

/** For a Cluster of node-redis 4. Its `eval` and `evalSha` do not find the node that has the key. */
function ofNodeRedis4Cluster(client: NodeRedisClient): RedisCommands {
  type Cluster = { sendCommand(key: string, isReadonly: boolean, command: string[]): Promise<unknown> };
  const cluster = client as unknown as Cluster;
  return {
    get: (key) => cluster.sendCommand(key, false, ["GET", key]),
    evaluate: (command, script, key, args) => cluster.sendCommand(key, false, [command, script, "1", key, ...args]),
    wait: null,
  };
}

/**
 * Returns an object whose commands return promises: the client or, in the `legacyMode` of node-redis 4, its property
 * `v4`.
 */
function promisesOf(client: NodeRedisClient): NodeRedisClient {
  const legacy = client as NodeRedisClient & { options?: { legacyMode?: boolean }; v4?: NodeRedisClient };
  return legacy.options?.legacyMode ? legacy.v4! : client;
}

function isIoredis(client: unknown): client is IoredisClient {
  return has(client, "get", "eval", "evalsha", "wait") && typeof (client as IoredisClient).status === "string";
}

function ofIoredis(client: IoredisClient): RedisCommands {
  const { isCluster, options } = client as { isCluster?: boolean; options?: { scaleReads?: unknown } };
  const readsMaster = !isCluster || options?.scaleReads === "master";
  return {
    get: readsMaster ? (key) => client.get(key) : null,
    evaluate: (command, script, key, args) => client[command === "EVAL" ? "eval" : "evalsha"](script, 1, key, ...args),
    wait: isCluster ? null : (replicas, timeout) => client.wait(replicas, timeout),
  };
}

function isValkeyGlide(client: unknown): client is ValkeyGlideClient {
  return has(client, "customCommand");
}

/** `get` is null: the client does not expose its option `readFrom`, so it may read from replicas. */
function ofValkeyGlide(client: ValkeyGlideClient): RedisCommands {
  const isCluster = has(client, "ssubscribe");
  return {
    get: null,
    evaluate: (command, script, key, args) => client.customCommand([command, script, "1", key, ...args]),
    wait: isCluster ? null : (replicas, timeout) => client.customCommand(["WAIT", String(replicas), String(timeout)]),
  };
}

function has(client: unknown, ...methods: string[]): boolean {
  return methods.every((method) => typeof (client as Record<string, unknown> | null)?.[method] === "function");
}
