import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { RedisStore } from "latchkey/stores/redis";
import { createClient } from "redis";
import type { Backend, Kept } from "./backend.js";

/** Starts a new redis-server without persistence. */
export const redis: Backend = { name: "Redis", open };

async function open(): Promise<Kept> {
  const port = await freePort();
  const dir = await mkdtemp(join(tmpdir(), "latchkey-growth-"));
  const server = spawn("redis-server", ["--port", String(port), "--dir", dir, "--save", "", "--bind", "127.0.0.1"]);
  const exited = once(server, "exit");
  server.stdout.resume();
  const client = createClient({ url: `redis://127.0.0.1:${port}` });
  client.on("error", () => {}); // connection errors until the server listens
  await client.connect();
  const store = new RedisStore({ client: client as never });
  return {
    store,
    version: `Redis ${(await client.info("server")).match(/redis_version:(\S+)/)![1]}`,
    batch: 500,
    insert: async (sessions) => {
      await Promise.all(sessions.map(({ id, ...record }) => store.create(id, record)));
    },
    settle: async () => {},
    bytes: async () => {
      const bytes = { session: 0, "user index": 0 };
      for await (const keys of client.scanIterator({ COUNT: 1000 })) {
        const sizes = await Promise.all(keys.map((key) => client.memoryUsage(key, { SAMPLES: 0 })));
        keys.forEach((key, i) => {
          bytes[key.startsWith("latchkey:user:") ? "user index" : "session"] += sizes[i] ?? 0;
        });
      }
      const used = Number((await client.info("memory")).match(/used_memory_dataset:(\d+)/)![1]);
      return { ...bytes, "used_memory_dataset, of the server": used };
    },
    close: async () => {
      client.destroy();
      server.kill();
      await exited;
      await rm(dir, { recursive: true });
    },
  };
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, "close");
  return port;
}
