import { expect } from "chai";
import { RedisStore as ConnectRedis } from "connect-redis";
import express from "express";
import expressSession from "express-session";
import { createClient } from "redis";
import sinon from "sinon";
import { backendsHere, type Opened, shared } from "../support/backends.js";
import { countResurrected, lateRequests } from "../support/late-request.js";
import { site } from "../support/site.js";
import { trials } from "../support/trials.js";
import { WatchedStore } from "../support/watched-store.js";

const here = await backendsHere();

describe("a logout while another request of the session is running", () => {
  afterEach(() => sinon.restore());

  for (const { name, open } of here) {
    const times = trials(1000, name === "memory" ? 200 : 20, name === "memory" ? 50 : 10);

    describe(`on ${name}`, () => {
      let opened: Opened;
      before(async () => {
        opened = await open();
      });
      after(() => opened?.close());

      for (const [what, { handler, verb }] of Object.entries(lateRequests)) {
        it(`no session comes back when the other request ${what} (${times} trials)`, async () => {
          const clock = sinon.useFakeTimers({ now: Date.now(), toFake: ["Date"] });
          const { app, store } = site({ store: new WatchedStore(opened.store), storeTimeout: "30s" });
          const afterLogins = () => {
            clock.tick(61_000); // a touch is due
            store.calls = [];
          };
          expect(await countResurrected({ app, handler, times, afterLogins })).to.equal(0);
          expect(await store.countOf("1")).to.equal(0);
          const tried = store.calls.filter((called) => called === verb);
          expect(tried, "writes that the late requests tried").to.have.lengthOf.at.least(times);
        });
      }
    });
  }

  /** A site with express-session alone, without latchkey. */
  function plainSite(store?: expressSession.Store) {
    const app = express();
    app.use(expressSession({ secret: "s", resave: false, saveUninitialized: false, ...(store ? { store } : {}) }));
    app.post("/login/1", (req, res) => {
      req.session.note = "ann";
      res.send("in");
    });
    app.post("/logout", (req, res) => void req.session.destroy(() => res.send("bye")));
    app.get("/me", (req, res) => void res.sendStatus(req.session.note ? 200 : 401));
    return app;
  }
  const { handler } = lateRequests["writes data"]!;
  const arrive = async () => {};

  it("with express-session alone, 100 of 100 sessions come back", async () => {
    expect(await countResurrected({ app: plainSite(), handler, arrive, times: 100 })).to.equal(100);
  });

  if (here.some(({ name }) => name === "redis")) {
    it("with express-session and connect-redis alone, 100 of 100 sessions come back", async () => {
      const client = await createClient({ url: (await shared.redis()).url }).connect();
      const app = plainSite(new ConnectRedis({ client, prefix: "plain:" }));
      const resurrected = await countResurrected({ app, handler, arrive, times: 100 });
      await client.close();
      expect(resurrected).to.equal(100);
    });
  }
});
