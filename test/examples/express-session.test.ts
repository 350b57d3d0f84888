import { expect } from "chai";
import { backendsHere } from "../support/backends.js";
import { Browser } from "../support/browser.js";
import { SECRET } from "../support/people.js";
import { type RedisServer, redisCli, startRedis } from "../support/redis-servers.js";
import { type RunningExample, runExample } from "../support/running-example.js";

const ANN = { email: "ann@example.com", password: "correct horse" };
const here = await backendsHere("redis");

for (const { name } of here) {
  describe(`the example express-session.ts, with connect-redis on ${name}`, () => {
    let redis: RedisServer;
    let example: RunningExample;
    let browser: Browser;
    const run = () => runExample("express-session", { SECRET, REDIS_URL: redis.url });

    beforeEach(async () => {
      redis = await startRedis();
      example = await run();
      browser = new Browser(example.origin);
    });
    afterEach(async () => {
      await example.stop();
      await redis.stop();
    });

    /** Returns the keys in Redis, and the session under the first one. */
    async function stored() {
      const keys = (await redisCli(redis.port, "KEYS", "*")).trim().split("\n").filter(Boolean);
      const session = keys[0] ? JSON.parse(await redisCli(redis.port, "GET", keys[0])) : null;
      return { keys, session };
    }

    it("logs in, keeps the visitor's cart under a new session id, and logs out", async () => {
      expect((await browser.get("/")).location).to.equal("/login?next=%2F");
      expect((await browser.post("/cart", { form: { item: "a book" } })).location).to.equal("/");
      const before = await stored();
      expect(before.session).to.deep.include({ cart: ["a book"] });
      expect((await browser.post("/login", { form: { ...ANN, password: "wrong" } })).status).to.equal(401);
      expect((await browser.post("/login?next=%2F", { form: ANN })).location).to.equal("/");
      expect((await browser.get("/")).text).to.include("Hello, ann@example.com! Things in your cart: 1.");

      const { keys, session } = await stored();
      expect(keys).to.have.length(1);
      expect(keys[0])
        .to.match(/^shop:/)
        .and.not.equal(before.keys[0]);
      expect(session.auth).to.include({ userId: "1" });

      const forged = { headers: { "sec-fetch-site": "cross-site" } };
      expect((await browser.post("/logout", forged)).status, "from another site").to.equal(403);
      expect((await browser.post("/logout")).location).to.equal("/login");
      expect((await browser.get("/")).location).to.equal("/login?next=%2F");
      expect((await stored()).session?.auth).to.equal(undefined);
    });

    it("keeps a login when the process restarts, and restores it when the browser restarts", async () => {
      await browser.post("/login", { form: { ...ANN, remember: "on" } });
      await example.stop();
      example = await run();
      const again = new Browser(example.origin);
      again.jar = browser.jar;
      expect((await again.get("/")).text).to.include("Hello, ann@example.com!");
      await again.restart();
      expect((await again.get("/")).text).to.include("Hello, ann@example.com!");
    });
  });
}
