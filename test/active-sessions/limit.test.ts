import { expect } from "chai";
import type { SessionStore } from "latchkey";
import sinon from "sinon";
import { accountSite, browsersOf, idOf, shown, statuses } from "../support/account-site.js";
import { backendsHere, type Opened, SQL } from "../support/backends.js";
import { Browser } from "../support/browser.js";
import { send } from "../support/raw-client.js";
import { storedSessions } from "../support/records.js";
import { serve } from "../support/server.js";
import { site } from "../support/site.js";
import { soaking, trials } from "../support/trials.js";
import { WatchedStore } from "../support/watched-store.js";

const here = await backendsHere(...(soaking ? [] : ["memory", "redis", "postgres", "sqlite", ...SQL]));
const ROUNDS = trials(100, 1);
const AT_ONCE = 50;
const SECOND = 1000;
const kinds = ["end-oldest", "refuse"] as const;

describe("maxSessions", () => {
  afterEach(() => sinon.restore());

  for (const { name, open } of here) {
    describe(`on ${name}`, () => {
      let opened: Opened;
      let stores: SessionStore[];
      before(async () => {
        opened = await open();
        stores = [opened.store, (await opened.another?.()) ?? opened.store];
      });
      after(() => opened?.close());

      for (const onLimit of kinds) {
        for (const maxSessions of [1, 3]) {
          it(`${onLimit}: exactly ${maxSessions} of ${AT_ONCE} concurrent logins on two servers remain`, async () => {
            const options = { maxSessions, onLimit, storeTimeout: "30s" } as const;
            const sites = await Promise.all(stores.map((store) => accountSite({ store, ...options })));
            const alive: number[] = [];
            for (let round = 0; round < ROUNDS; round++) {
              await sites[0]!.login.sessions.revokeAll("1");
              const answers = await Promise.all(
                Array.from({ length: AT_ONCE }, (_, n) => send(sites[n % 2]!.origin, "POST /login/1")),
              );
              const used = await Promise.all(
                answers.map(async ({ cookie }) => (await send(sites[0]!.origin, "GET /me", { cookie })).status === 200),
              );
              alive.push(used.filter(Boolean).length);
              expect(await sites[0]!.store.countOf("1")).to.equal(maxSessions);
              const refusals = new Set(answers.map(({ status }) => status).filter((status) => status !== 200));
              const refusal = onLimit === "refuse" ? 403 : 401;
              expect([...refusals].filter((status) => status !== refusal)).to.eql([]);
            }
            expect(alive).to.eql(Array(ROUNDS).fill(maxSessions));
          });
        }
      }

      it("end-oldest keeps the newest logins, and refuse keeps the first ones, even if clocks differ", async () => {
        for (const onLimit of kinds) {
          const now = Date.now();
          const clock = sinon.useFakeTimers({ now, toFake: ["Date"] });
          const sites = await Promise.all(stores.map((store) => accountSite({ store, maxSessions: 2, onLimit })));
          await sites[0]!.login.sessions.revokeAll("1");
          const browsers: Browser[] = [];
          for (let n = 0; n < 8; n++) {
            if (n >= 4) clock.setSystemTime(now + (n % 2 ? 0 : 20 * SECOND)); // The second server's clock is behind.
            browsers.push(...(await browsersOf(sites[n % 2]!.origin, 1)));
          }
          if (onLimit === "end-oldest") browsers.reverse();
          expect(await statuses(browsers), onLimit).to.eql([200, 200, ...Array(6).fill(401)]);
          clock.restore();
        }
      });
    });
  }

  it("ends the oldest login with its remembered browser, and emits loginsRevoked", async () => {
    const { origin, told } = await accountSite({ maxSessions: 1 });
    const [first] = (await browsersOf(origin, 1, { remember: true })) as [Browser];
    told.length = 0;
    const [second] = (await browsersOf(origin, 1)) as [Browser];
    expect(told).to.eql(["loginsRevoked session limit 1", "loggedIn"]);
    await first.restart();
    expect(await statuses([first, second])).to.eql([401, 200]);
    expect(await shown(second)).to.have.lengthOf(1);
  });

  it("end-oldest: a confirmation does not make a login newer", async () => {
    const clock = sinon.useFakeTimers({ now: Date.now(), toFake: ["Date"] });
    const { origin } = await accountSite({ maxSessions: 2 });
    const browsers: Browser[] = [];
    for (let n = 0; n < 3; n++) {
      if (n === 2) await browsers[0]!.post("/confirm");
      browsers.push(...(await browsersOf(origin, 1)));
      clock.tick(SECOND);
    }
    expect(await statuses(browsers)).to.eql([401, 200, 200]);
  });

  it("refuse: sends 403 with the code session_limit, and changes nothing in the browser", async () => {
    const { app, login, byId, origin, told } = await accountSite({ maxSessions: 1, onLimit: "refuse" });
    app.use(((error, _req, res, _next) => void res.status(error.status).json(error)) as ErrorHandler);
    const [full] = (await browsersOf(origin, 1)) as [Browser];
    const [bob] = (await browsersOf(origin, 1, { remember: true }, "2")) as [Browser];
    await bob.post("/note/cart");
    const before = await bob.jar.getCookieString(origin);
    told.length = 0;
    const refused = await bob.post("/login/1", { json: { remember: true } });
    expect([refused.status, refused.cookies]).to.eql([403, []]);
    expect(refused.json()).to.deep.include({ code: "session_limit", httpCode: 403, maxSessions: 1 });
    expect(told).to.eql(["loginRefused"]);
    expect(await bob.jar.getCookieString(origin)).to.equal(before);
    expect([(await bob.get("/me")).text, (await bob.get("/note")).json()]).to.eql([
      JSON.stringify({ name: "Bob", fresh: true, remembered: false }),
      "cart",
    ]);
    expect(
      [await login.sessions.list("1"), await login.sessions.list(byId.get("2")!)].map((list) => list.length),
    ).to.eql([1, 1]);
    await full.post("/logout");
    expect((await bob.post("/login/1", {})).status).to.equal(200);
  });

  for (const onLimit of kinds) {
    it(`${onLimit}: a browser counts once, however often it logs in, confirms or restores its login`, async () => {
      const clock = sinon.useFakeTimers({ now: Date.now(), toFake: ["Date"] });
      const { origin, told } = await accountSite({ maxSessions: 2, onLimit });
      const [other] = (await browsersOf(origin, 1, {}, "1")) as [Browser];
      const [own] = (await browsersOf(origin, 1, { remember: true })) as [Browser];
      told.length = 0;
      for (const step of ["/confirm", "/login/1", "restart", "/confirm", "/login/1", "restart", "restart"]) {
        clock.tick(61 * SECOND);
        if (step === "restart") await own.restart();
        else expect((await own.post(step)).status, step).to.equal(200);
        expect(await statuses([own, other]), step).to.eql([200, 200]);
        expect(await shown(own), step).to.have.lengthOf(2);
      }
      expect(told.filter((one) => one !== "loggedIn")).to.eql([]);
      expect((await own.post("/password")).status).to.equal(200);
      expect(await statuses([own, other])).to.eql([200, 401]);
    });
  }

  it("a remembered browser over the limit ends the oldest login, or is refused until another login ends", async () => {
    for (const onLimit of kinds) {
      const { origin, login, told, store } = await accountSite({ maxSessions: 1, onLimit });
      const [first] = (await browsersOf(origin, 1, { remember: true })) as [Browser];
      const id = await idOf(first);
      const [session] = await storedSessions(store.inner, "1");
      await store.inner.destroy(session!.id); // The idle timeout also deletes the session.
      const [second] = (await browsersOf(origin, 1)) as [Browser];
      await first.restart();
      told.length = 0;
      const seen = [];
      for (let n = 0; n < 3; n++) seen.push((await first.get("/me")).status);
      if (onLimit === "end-oldest") {
        expect(seen).to.eql([200, 200, 200]);
        expect(told).to.eql(["loginsRevoked session limit 1"]);
        expect(await statuses([second])).to.eql([401]);
      } else {
        expect(seen).to.eql([401, 401, 401]);
        expect(told).to.eql(["loginRefused", "loginRefused", "loginRefused"]);
        expect(await statuses([second])).to.eql([200]);
        await second.post("/logout");
        expect(await statuses([first])).to.eql([200]);
        expect((await login.sessions.list("1")).map((one) => one.id)).to.eql([id]);
      }
    }
  });

  for (const onLimit of kinds) {
    it(`${onLimit}: a browser with a stateless remember cookie counts once and is listed once`, async () => {
      const { app, login } = site({ maxSessions: 1, onLimit, remember: { mode: "stateless" } });
      const browser = new Browser(await serve(app));
      await browser.post("/login/1", { json: { remember: true } });
      const [before] = await login.sessions.list("1");
      for (let visit = 0; visit < 3; visit++) {
        await browser.restart();
        expect((await browser.get("/me")).status).to.equal(200);
      }
      const after = await login.sessions.list("1");
      expect(after.map(({ id }) => id)).to.eql([before!.id]);
      expect(await login.sessions.revoke("1", before!.id)).to.equal(true);
      expect(await login.sessions.list("1")).to.eql([]);
    });
  }

  it("refuse: an unfinished login of a dead process blocks other logins for at most 30 s", async () => {
    const clock = sinon.useFakeTimers({ now: Date.now(), toFake: ["Date"] });
    const { origin, store, login } = await accountSite({ maxSessions: 1, onLimit: "refuse", storeTimeout: "50ms" });
    store.before = (verb) => (verb === "update" ? new Promise(() => {}) : undefined);
    const dead = new WatchedStore(store.inner);
    dead.before = (verb) => (verb === "update" || verb === "destroy" ? new Promise(() => {}) : undefined);
    const other = site({ store: dead, maxSessions: 1, onLimit: "refuse", storeTimeout: "50ms" });
    expect((await send(await serve(other.app), "POST /login/1")).status).to.equal(503);
    store.before = () => undefined;
    expect(await storedSessions(store.inner, "1")).to.have.lengthOf(1);
    expect(await login.sessions.list("1")).to.eql([]);
    clock.tick(29 * SECOND);
    expect((await send(origin, "POST /login/1")).status).to.equal(403);
    clock.tick(SECOND);
    expect((await send(origin, "POST /login/1")).status).to.equal(200);
  });
});

type ErrorHandler = import("express").ErrorRequestHandler;
