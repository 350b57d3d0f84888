import { expect } from "chai";
import { RedisStore } from "latchkey/stores/redis";
import { createClient } from "redis";
import { afterTest } from "../support/after-test.js";
import { backendsHere, shared } from "../support/backends.js";
import { startCountingProxy } from "../support/counting-proxy.js";
import { only, send } from "../support/raw-client.js";
import { changedClient } from "../support/redis-store.js";
import { serve } from "../support/server.js";
import { site } from "../support/site.js";
import { WatchedStore } from "../support/watched-store.js";

const CHROME =
  "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36";
const headers = { "user-agent": CHROME };

type Request = [line: string, cookie: string, json?: object];
type LogIn = (json?: object, cookie?: string) => Promise<string>;

/** Each request, the store calls that it makes, and the commands of Redis. A record of a user has an index entry too. */
const deeds: Array<[string, (logIn: LogIn, note: () => Promise<string>) => Promise<Request>, string[], number]> = [
  ["a login", async () => ["POST /login/1", ""], ["create"], 2],
  ["a login with `remember`", async () => ["POST /login/1", "", { remember: true }], ["browser.create", "create"], 4],
  [
    "a login with `remember` over a session",
    async (_, note) => ["POST /login/1", await note(), { remember: true }],
    ["read", "browser.create", "create", "destroy"],
    6,
  ],
  ["a page", async (logIn) => ["GET /me", await logIn()], ["read"], 1],
  ["a confirmation", async (logIn) => ["POST /confirm", await logIn()], ["read", "create", "destroy"], 4],
  [
    "a confirmation in a remembered browser",
    async (logIn) => ["POST /confirm", await logIn({ remember: true })],
    ["read", "browser.read", "browser.update", "create", "destroy"],
    6,
  ],
  [
    "a restore",
    async (logIn) => ["GET /me", only("remember", await logIn({ remember: true }))],
    ["browser.read", "destroy", "browser.update", "create"],
    5,
  ],
  ["a logout", async (logIn) => ["POST /logout", await logIn()], ["read", "destroy"], 2],
  [
    "a logout in a remembered browser",
    async (logIn) => ["POST /logout", await logIn({ remember: true })],
    ["read", "browser.destroy", "destroy"],
    3,
  ],
];

const here = await backendsHere("redis", "redis-cluster");

for (const { name, open } of here) {
  describe(`the commands of a request on ${name}`, () => {
    for (const [deed, prepare, calls, commands] of deeds) {
      const trips = name === "redis" ? calls.length : 2 * calls.length;
      it(`${deed}: ${calls.length} store calls, at most ${commands} commands, at most ${trips} round trips`, async () => {
        const opened = await open();
        afterTest(() => opened.close());
        let sent = 0;
        let waiting = 0;
        let rounds = 0;
        const counted = <T>(send: () => Promise<T>): Promise<T> => {
          sent++;
          if (waiting++ === 0) rounds++; // commands that are sent together are one round trip
          return send().finally(() => waiting--);
        };
        const client = changedClient(opened.client!, {
          get: (key) => counted(() => opened.client!.get(key)),
          evalSha: (sha1, options) => counted(() => opened.client!.evalSha(sha1, options)),
        });
        const store = new WatchedStore(new RedisStore({ client, prefix: opened.prefix! }));
        const { app } = site({ store });
        const origin = await serve(app);
        const logIn: LogIn = async (json = {}) => (await send(origin, "POST /login/1", { headers, json })).cookie;
        const note = async () => (await send(origin, "POST /note/cart")).cookie;
        // The first round teaches the scripts to the server.
        for (const isMeasured of [false, true]) {
          const [line, cookie, json] = await prepare(logIn, note);
          store.calls = [];
          sent = rounds = 0;
          const { status } = await send(origin, line, { cookie, headers, ...(json ? { json } : {}) });
          expect(status).to.equal(200);
          if (!isMeasured) continue;
          expect(store.calls).to.eql(calls);
          expect([sent <= commands + (name === "redis" ? 0 : calls.length), rounds <= trips]).to.eql([true, true]);
          if (name === "redis") expect([sent, rounds]).to.eql([commands, calls.length]);
        }
      });
    }
  });
}

if (here.some(({ name }) => name === "redis")) {
  describe("the bytes that a request sends to Redis", () => {
    /** Half of what the first version sent that was measured: 1,179 bytes for a user with a stamp. */
    const HALF = 589;

    it(`are at most ${HALF} for a login from a browser`, async () => {
      const { url } = await shared.redis();
      const proxy = await startCountingProxy(url);
      afterTest(() => proxy.stop());
      const client = await createClient({ url: proxy.urlOf(url) }).connect();
      afterTest(() => client.close());
      const { app } = site({ store: new WatchedStore(new RedisStore({ client })) });
      const origin = await serve(app);
      await send(origin, "POST /login/1", { headers });
      const before = proxy.sent();
      await send(origin, "POST /login/1", { headers });
      expect(proxy.sent() - before).to.be.within(HALF / 2, HALF);
    });
  });
}
