import { expect } from "chai";
import { backendsHere } from "../support/backends.js";
import { Browser } from "../support/browser.js";
import { SECRET } from "../support/people.js";
import { type RedisServer, startRedis } from "../support/redis-servers.js";
import { type RunningExample, runExample } from "../support/running-example.js";

const ANN = { email: "ann@example.com", password: "correct horse" };
const here = await backendsHere("redis");

for (const { name } of here) {
  describe(`the example redis.ts, in two instances over ${name}`, () => {
    let redis: RedisServer;
    let instances: RunningExample[];
    let both: Browser[];

    beforeEach(async () => {
      redis = await startRedis();
      const env = { SECRET, SESSION_STORE: redis.url };
      instances = await Promise.all([runExample("redis", env), runExample("redis", env)]);
      both = aPerson();
    });
    afterEach(async () => {
      await Promise.all(instances.map((instance) => instance.stop()));
      await redis.stop();
    });

    /** One browser at both instances. They share its cookies, because cookies do not depend on the port. */
    function aPerson(): Browser[] {
      const browsers = instances.map(({ origin }) => new Browser(origin));
      for (const browser of browsers) browser.jar = browsers[0]!.jar;
      return browsers;
    }
    const statuses = (browsers: Browser[]) =>
      Promise.all(browsers.map(async (browser) => (await browser.get("/")).status));

    it("applies a login or a logout at one instance to both", async () => {
      const [one, two] = both as [Browser, Browser];
      expect((await one.get("/")).location).to.equal("/login?next=%2F");
      expect((await two.post("/login", { form: { ...ANN, password: "wrong" } })).status).to.equal(401);
      expect((await one.post("/login?next=%2F", { form: ANN })).location).to.equal("/");
      expect((await two.get("/")).text).to.include("Hello, ann@example.com! Number of logins: 1.");
      await two.post("/logout");
      expect(await statuses(both)).to.deep.equal([302, 302]);
    });

    it("lists and ends at one instance a login made at the other", async () => {
      const others = aPerson();
      await both[0]!.post("/login", { form: ANN });
      await others[1]!.post("/login", { form: ANN });
      expect((await both[0]!.get("/")).text).to.include("Number of logins: 2.");
      expect((await both[0]!.post("/logout-elsewhere")).location).to.equal("/");
      expect(await statuses(others)).to.deep.equal([302, 302]);
      expect(await statuses(both)).to.deep.equal([200, 200]);
    });

    it("keeps a login at one instance while the other restarts, and after the restart", async () => {
      await both[0]!.post("/login", { form: { ...ANN, remember: "on" } });
      await instances[0]!.stop();
      expect((await both[1]!.get("/")).status).to.equal(200);
      instances[0] = await runExample("redis", { SECRET, SESSION_STORE: redis.url });
      const again = new Browser(instances[0].origin);
      again.jar = both[1]!.jar;
      expect((await again.get("/")).text).to.include("Number of logins: 1.");
    });
  });
}
