import { expect } from "chai";
import { openStore } from "latchkey/stores";
import { backendsHere } from "../support/backends.js";
import { runProgram } from "../support/program.js";
import { type RedisServer, redisCli, startRedis } from "../support/redis-servers.js";
import { warningsOf } from "../support/warnings.js";

const here = await backendsHere("redis");

for (const _ of here) {
  describe("openStore on a Redis server with a limit of memory", () => {
    let redis: RedisServer;
    afterEach(() => redis.stop());

    const warningsAt = (url: string) =>
      warningsOf("LatchkeyEvictionWarning", async () => (await openStore(url)).close());

    it("warns at its start if the server evicts sessions", async () => {
      redis = await startRedis({ args: ["--maxmemory", "100mb", "--maxmemory-policy", "allkeys-lru"] });
      const [warning, ...others] = await warningsAt(redis.url);
      expect(others).to.eql([]);
      expect(warning).to.include("maxmemory-policy of Redis is allkeys-lru").and.include("Set it to noeviction");
    });

    it("does not warn if the policy is noeviction, or if there is no limit", async () => {
      redis = await startRedis({ args: ["--maxmemory", "100mb", "--maxmemory-policy", "noeviction"] });
      expect(await warningsAt(redis.url)).to.eql([]);
      await redisCli(redis.port, "CONFIG", "SET", "maxmemory-policy", "allkeys-lru");
      await redisCli(redis.port, "CONFIG", "SET", "maxmemory", "0");
      expect(await warningsAt(redis.url)).to.eql([]);
    });

    it("reads the policy without CONFIG, and warns once per process if the user may not use INFO either", async () => {
      redis = await startRedis({ args: ["--maxmemory", "100mb", "--maxmemory-policy", "allkeys-lru"] });
      const rights = ["~latchkey:*", "+@all", "-config"];
      await redisCli(redis.port, "ACL", "SETUSER", "managed", "on", ">secret", ...rights);
      await redisCli(redis.port, "ACL", "SETUSER", "blind", "on", ">secret", ...rights, "-info");
      const as = (user: string) => redis.url.replace("redis://", `redis://${user}:secret@`);
      expect((await warningsAt(as("managed"))).join()).to.include("allkeys-lru");
      const twice = `import { openStore } from "latchkey/stores";
        process.on("warning", ({ name, message }) => console.log(name, message));
        for (const _ of [1, 2]) await (await openStore(process.argv[1])).close();`;
      const { code, output } = await runProgram(twice, { args: [as("blind")], env: { NODE_NO_WARNINGS: "1" } });
      expect([code, output]).to.eql([
        0,
        "LatchkeyEvictionWarning latchkey cannot read the setting maxmemory-policy of Redis: make sure that it is noeviction",
      ]);
    });
  });
}
