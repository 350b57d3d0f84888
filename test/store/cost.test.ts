import { expect } from "chai";
import { RedisStore as ConnectRedis } from "connect-redis";
import express from "express";
import expressSession from "express-session";
import { createClient } from "redis";
import sinon from "sinon";
import { backendsHere, type Opened, SQL, shared } from "../support/backends.js";
import { countTrials, send } from "../support/raw-client.js";
import { redisCli } from "../support/redis-servers.js";
import { serve } from "../support/server.js";
import { site } from "../support/site.js";
import { statementsOf, verbsOf } from "../support/statements.js";
import { WatchedStore } from "../support/watched-store.js";

const REQUESTS = 1000;
const redisHere = await backendsHere("redis");
const sqlHere = await backendsHere("sqlite", "sqlite3", "postgres", "mariadb", ...SQL);

/** Sends read-only requests in one session, and expects status 200 for each. */
async function readOften(origin: string, cookie: string, times = REQUESTS): Promise<void> {
  expect(await countTrials(times, async () => (await send(origin, "GET /me", { cookie })).status === 200)).to.equal(
    times,
  );
}

describe("the cost of a request on the server of the store", () => {
  let opened: Opened;
  afterEach(async () => {
    sinon.restore();
    await opened?.close();
  });

  for (const { open } of redisHere) {
    /** Counts the commands that Redis runs during `work`, including commands inside scripts. */
    async function commands(work: () => Promise<void>): Promise<Record<string, number>> {
      const { port } = await shared.redis();
      await redisCli(port, "CONFIG", "RESETSTAT");
      await work();
      const stats = (await redisCli(port, "INFO", "commandstats")).matchAll(/^cmdstat_(\S+):calls=(\d+)/gm);
      return Object.fromEntries(
        [...stats].map(([, name, calls]) => [name, Number(calls)]).filter(([n]) => n !== "config|resetstat"),
      );
    }

    it(`Redis: 1 command for each of ${REQUESTS} read-only requests`, async () => {
      opened = await open();
      const { app } = site({ store: new WatchedStore(opened.store) });
      const origin = await serve(app);
      const { cookie } = await send(origin, "POST /login/1");
      expect(await commands(() => readOften(origin, cookie))).to.eql({ get: REQUESTS });
    });

    it("Redis: 2 commands for each request with express-session and connect-redis", async () => {
      const client = await createClient({ url: (await shared.redis()).url }).connect();
      const close = () => client.close();
      opened = { store: undefined as never, close };
      const app = express();
      const store = new ConnectRedis({ client, prefix: "plain:" });
      app.use(expressSession({ secret: "s", resave: false, saveUninitialized: false, store }));
      app.post("/login", (req, res) => {
        req.session.note = "ann";
        res.send("in");
      });
      app.get("/me", (req, res) => void res.sendStatus(req.session.note ? 200 : 401));
      const origin = await serve(app);
      const { cookie } = await send(origin, "POST /login");
      expect(await commands(() => readOften(origin, cookie))).to.eql({ get: REQUESTS, expire: REQUESTS });
    });
  }

  for (const { name, open } of sqlHere) {
    it(`${name}: 1 SELECT for each request and no write, and 1 UPDATE when a touch is due`, async () => {
      const clock = sinon.useFakeTimers({ now: Date.now(), toFake: ["Date"] });
      opened = await open();
      const { app } = site({ store: new WatchedStore(opened.store) });
      const origin = await serve(app);
      const { cookie } = await send(origin, "POST /login/1");
      const sent = statementsOf(opened);
      const touch = sinon.spy(opened.store, "touch");
      const verbs = async (requests: number) => {
        sent.length = 0;
        await readOften(origin, cookie, requests);
        await Promise.all(touch.returnValues); // No response waits for a touch.
        return verbsOf(sent);
      };
      expect(await verbs(200)).to.eql(Array(200).fill("SELECT"));
      clock.tick(61_000);
      expect(await verbs(1)).to.eql(["SELECT", "UPDATE"]);
      expect(await verbs(200)).to.eql(Array(200).fill("SELECT"));
    });
  }
});
