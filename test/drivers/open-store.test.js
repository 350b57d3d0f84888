import { mkdtemp, realpath, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect } from "chai";
import { startLossyProxy } from "../../build/test/support/lossy-proxy.js";
import { packageWith } from "../../build/test/support/package-with.js";
import { runProgram } from "../../build/test/support/program.js";
import {
  redisCli,
  startRedis,
  startRedisCluster,
  startRedisSentinels,
  stopRedisServers,
} from "../../build/test/support/redis-servers.js";

const START = `import { openStore } from "latchkey/stores";
  const now = Date.now();
  const record = { kind: "session", userId: "1", data: {}, createdAt: now, lastSeenAt: now, expiresAt: now + 60_000, revision: 0 };`;

/** A program that opens a store, uses it and closes it. */
const USE = `${START}
  const store = await openStore(process.argv[1]);
  await store.create("a", record);
  const { records } = await store.listByUser("1", { kind: "session", limit: 10 });
  const ended = await store.destroy("a");
  await store.close();
  console.log(records.length, Boolean(ended));`;

/** A program that prints everything in the error of openStore. */
const FAIL = `import { inspect } from "node:util";
  import { openStore } from "latchkey/stores";
  const error = await openStore(process.argv[1]).catch((error) => error);
  console.log(inspect(error, { depth: Infinity, showHidden: true }));`;

/** A program that loses its connections, reads until a read succeeds, and prints how many reads failed. */
const LOSE = `${START}
  const store = await openStore(process.argv[1]);
  let failures = 0;
  store.read("lose-all").catch(() => failures++);
  for (let isBack = false; !isBack; )
    isBack = await store.read("a").then(() => true, () => { failures++; return false; });
  await store.close();
  console.log(failures);`;

after("the servers", stopRedisServers);

for (const version of ["ioredis5", "ioredis6"]) {
  describe(`openStore with ${version}, without node-redis`, () => {
    let cwd;
    before(async () => {
      cwd = await packageWith(await realpath(await mkdtemp(join(tmpdir(), "latchkey-ioredis-"))), []);
      const installed = fileURLToPath(new URL(`node_modules/${version}`, import.meta.url));
      await symlink(installed, join(cwd, "node_modules/ioredis"));
    });
    after(() => rm(cwd, { recursive: true }));
    const run = (program, url) => runProgram(program, { args: [url], cwd });

    it("opens redis://, with a user, a password and a database", async () => {
      const redis = await startRedis();
      await redisCli(redis.port, "ACL", "SETUSER", "app", "on", ">p@ss:w", "~shop:*", "+@all");
      const url = `redis://app:p%40ss%3Aw@127.0.0.1:${redis.port}/2?prefix=shop:`;
      expect(await run(USE, url)).to.eql({ code: 0, output: "1 true" });
      const { code, output } = await run(FAIL, url.replace("p%40ss%3Aw", "hunter2"));
      expect(code).to.equal(0);
      expect(output).to.include("WRONGPASS").and.not.include("hunter2");
      await redis.stop();
    });

    it("opens redis+cluster://", async () => {
      const cluster = await startRedisCluster();
      for (const { port } of cluster.nodes)
        await redisCli(port, "ACL", "SETUSER", "app", "on", ">secret", "~latchkey:*", "+@all");
      const hosts = cluster.nodes.map(({ port }) => `127.0.0.1:${port}`).join();
      expect(await run(USE, `redis+cluster://app:secret@${hosts}`)).to.eql({ code: 0, output: "1 true" });
      const { code, output } = await run(FAIL, `redis+cluster://app:hunter2@${hosts}`);
      expect(code).to.equal(0);
      expect(output).to.include("WRONGPASS").and.not.include("hunter2");
      await cluster.stop();
    });

    it("opens redis+sentinel://", async () => {
      const { name, sentinels, stop } = await startRedisSentinels();
      const hosts = ["127.0.0.1:1", ...sentinels.map(({ port }) => `127.0.0.1:${port}`)].join();
      expect(await run(USE, `redis+sentinel://${hosts}/${name}`)).to.eql({ code: 0, output: "1 true" });
      await stop();
    });

    for (const scheme of ["redis", "rediss", "redis+cluster", "redis+sentinel"]) {
      it(`rejects if it cannot reach a ${scheme}:// server, hides the password, and lets the process end`, async () => {
        const path = scheme.endsWith("sentinel") ? "/main" : "";
        const { code, output } = await run(FAIL, `${scheme}://u:hunter2@127.0.0.1:1${path}`);
        expect(code).to.equal(0);
        expect(output)
          .to.match(/ECONNREFUSED|Failed to refresh|unreachable/)
          .and.not.include("hunter2");
      });
    }

    it("replaces a connection that the network drops silently", async () => {
      const redis = await startRedis();
      const proxy = await startLossyProxy(redis.url);
      proxy.loseOpenAt("lose-all");
      const { code, output } = await run(LOSE, `${proxy.urlOf(redis.url)}?timeout=1s`);
      proxy.stop();
      await redis.stop();
      expect(code).to.equal(0);
      expect(Number(output)).to.be.within(1, 3);
    });
  });
}
