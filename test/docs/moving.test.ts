import { expect } from "chai";
import { backendsHere } from "../support/backends.js";
import { Browser } from "../support/browser.js";
import { endPrograms, startProgram } from "../support/page-program.js";
import { startRedis } from "../support/redis-servers.js";
import { inTestAll } from "../support/tier.js";

const ann = { email: "ann@example.com", password: "correct horse" };
const withRedis = (await backendsHere("redis")).length > 0;

inTestAll("docs/moving.md", () => {
  afterEach(endPrograms);

  const importsSessions = async () => {
    const redis = await startRedis();
    process.env.REDIS_URL = redis.url;
    try {
      const [before, after] = await Promise.all([
        startProgram("docs/moving.md", "before.ts"),
        startProgram("docs/moving.md"),
      ]);
      const browser = new Browser(before.origin, { accept: "application/json" });
      await browser.post("/login", { form: ann });
      const old = (await browser.get("/cart")).json();
      expect(old).to.deep.include({ cart: ["a book"] });
      for (let request = 0; request < 2; request++) {
        const answer = await browser.get(`${after.origin}/`);
        expect(answer.json()).to.eql({ email: ann.email, cart: ["a book"] });
        expect((await browser.get("/cart")).json()).to.eql(old);
      }
      await browser.post(`${after.origin}/logout`);
      expect((await browser.get(`${after.origin}/`)).status).to.equal(401);
      expect((await browser.get("/cart")).json()).to.eql({ user: null, cart: [] });
    } finally {
      delete process.env.REDIS_URL;
      endPrograms();
      await redis.stop();
    }
  };
  if (withRedis) it("imports an old session, and a logout ends it in both applications", importsSessions);
});
