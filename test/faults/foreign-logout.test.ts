import { expect } from "chai";
import ConnectPg from "connect-pg-simple";
import { RedisStore as ConnectRedis } from "connect-redis";
import expressSession from "express-session";
import { createClient } from "redis";
import { backendsHere } from "../support/backends.js";
import { startPostgres } from "../support/database-servers.js";
import { SECRET } from "../support/people.js";
import { send } from "../support/raw-client.js";
import { startRedis, until } from "../support/redis-servers.js";
import { serve } from "../support/server.js";
import { site } from "../support/site.js";
import { expectNoUnhandledRejections } from "../support/unhandled.js";

interface Foreign {
  store: expressSession.Store;
  server: { kill(): Promise<void>; restart(): Promise<void>; stop(): Promise<void> };
  close(): unknown;
}

/** Stores of express-session on servers that write to disk before they acknowledge a write. */
const foreign: Record<string, () => Promise<Foreign>> = {
  async redis() {
    const server = await startRedis({ args: ["--appendonly", "yes", "--appendfsync", "always"] });
    const client = createClient({ url: server.url, disableOfflineQueue: true });
    client.on("error", () => {});
    await client.connect();
    return { server, store: new ConnectRedis({ client }), close: () => client.destroy() };
  },
  async postgres() {
    const server = await startPostgres();
    const Store = ConnectPg(expressSession);
    const errorLog = () => {}; // the pool reports the connections that it loses
    const store = new Store({
      conString: server.url,
      createTableIfMissing: true,
      pruneSessionInterval: false,
      errorLog,
    });
    return { server, store, close: () => store.close() };
  },
};

const here = await backendsHere(...Object.keys(foreign));

describe("a logout over the application's own express-session", () => {
  expectNoUnhandledRejections();

  for (const { name } of here) {
    it(`keeps the cookies while its server, ${name}, is down, and can be repeated later`, async () => {
      const { server, store, close } = await foreign[name]!();
      const { app } = site({}, (login, at) => {
        at.use(expressSession({ secret: SECRET, resave: false, saveUninitialized: false, store }), login.middleware());
      });
      const origin = await serve(app);
      const { cookie } = await send(origin, "POST /login/1", { json: { remember: true } });
      try {
        await server.kill();
        const failed = await send(origin, "POST /logout", { cookie });
        expect(failed.status).to.be.oneOf([500, 503]);
        expect(failed.headers["set-cookie"]).to.equal(undefined);
        await server.restart();
        await until(async () => (await send(origin, "GET /me", { cookie })).status === 200);
        const repeated = await send(origin, "POST /logout", { cookie });
        const removed = repeated.headers["set-cookie"]!.filter((one) => one.includes("Expires=Thu, 01 Jan 1970"));
        expect([repeated.status, removed.map((one) => one.split("=")[0])]).to.eql([200, ["remember"]]);
        const session = cookie.split("; ").filter((one) => one.startsWith("connect.sid"));
        expect((await send(origin, "GET /me", { cookie: session.join() })).status).to.equal(401);
      } finally {
        await close();
        await server.stop();
      }
    });
  }
});
