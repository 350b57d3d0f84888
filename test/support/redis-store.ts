import type { SessionRecord } from "latchkey";
import { type NodeRedisClient, RedisStore } from "latchkey/stores/redis";
import { createClient } from "redis";
import { type RedisServer, redisCli, startRedis } from "./redis-servers.js";

/** Starts a Redis server for a suite. Each test gets a new store on it, and the server is emptied after each test. */
export function useRedisStore() {
  let server: RedisServer;
  let client: Awaited<ReturnType<ReturnType<typeof connect>["connect"]>>;
  let store: RedisStore;
  const connect = () => createClient({ url: server.url });
  const cli = async (...command: string[]) => (await redisCli(server.port, ...command)).trim();

  before(async () => {
    server = await startRedis();
  });
  after(() => server?.stop());
  beforeEach(async () => {
    client = await connect().connect();
    store = new RedisStore({ client });
  });
  afterEach(async () => {
    if (client.isOpen) client.destroy(); // node-redis 5 throws if the client is already closed
    await cli("FLUSHALL");
    await cli("CONFIG", "RESETSTAT");
  });

  return { cli, ttl: async (key: string) => Number(await cli("PTTL", key)), current: () => ({ client, store }) };
}

/** A session of ann that expires in an hour. */
export function newRecord(parts: Partial<SessionRecord> = {}): SessionRecord {
  const now = Date.now();
  const times = { createdAt: now, lastSeenAt: now, expiresAt: now + 3_600_000 };
  return { kind: "session", userId: "ann", data: {}, ...times, revision: 0, ...parts };
}

/**
 * Counts the GET and EVALSHA commands that a store sends. A script that the server does not know yet is counted once.
 */
export function counting(client: NodeRedisClient) {
  let asked = { get: 0, scripts: 0 };
  const counted = changedClient(client, {
    get(key) {
      asked.get++;
      return client.get(key);
    },
    evalSha(sha1, options) {
      asked.scripts++;
      return client.evalSha(sha1, options);
    },
  });
  return {
    client: counted,
    async asked(work: () => Promise<unknown>) {
      asked = { get: 0, scripts: 0 };
      await work();
      return asked;
    },
  };
}

/** A client of node-redis with some methods changed. */
export function changedClient(client: NodeRedisClient, change: Partial<NodeRedisClient>): NodeRedisClient {
  return {
    isOpen: true,
    get: (key) => client.get(key),
    eval: (script, options) => client.eval(script, options),
    evalSha: (sha1, options) => client.evalSha(sha1, options),
    ...change,
  };
}
