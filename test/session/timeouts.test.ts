import { expect } from "chai";
import { loginRequired, refreshStamp } from "latchkey";
import sinon from "sinon";
import { backendsHere, type Opened, SQL } from "../support/backends.js";
import { Browser } from "../support/browser.js";
import { only, send } from "../support/raw-client.js";
import { endStoredSessions, storedSessions } from "../support/records.js";
import { serve } from "../support/server.js";
import { type Me, site } from "../support/site.js";
import { trials } from "../support/trials.js";
import { WatchedStore } from "../support/watched-store.js";

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

for (const backend of await backendsHere("memory", "redis", "sqlite", "postgres", ...SQL)) {
  describe(`timeouts on ${backend.name}`, () => {
    let clock: sinon.SinonFakeTimers;
    let opened: Opened;
    before(async () => {
      opened = await backend.open();
    });
    after(() => opened.close());
    beforeEach(() => {
      clock = sinon.useFakeTimers({ now: Date.now(), toFake: ["Date"] });
    });
    afterEach(async () => {
      sinon.restore(); // first, because an expired record is not listed
      await endStoredSessions(opened.store, "1");
    });

    /** A site on the backend where Ann has just logged in. */
    async function visit(options: Parameters<typeof site>[0] = {}, json: object = {}) {
      const store = new WatchedStore(opened.store);
      const at = site({ ...options, store });
      at.app.post("/stamp", loginRequired(), async (req, res) => {
        at.ann.stamp = "a new password";
        await refreshStamp(req);
        res.send("kept");
      });
      const origin = await serve(at.app);
      const touched = sinon.spy(store, "touch");
      let { cookie } = await send(origin, "POST /login/1", { json });
      return {
        ...at,
        origin,
        cookie,
        touched,
        /** Sends a request with the cookies of the previous responses. */
        async ask(line: string) {
          const answer = await send(origin, line, { cookie });
          if (answer.cookie !== "") cookie = answer.cookie;
          await Promise.all(touched.returnValues); // because no response waits for a touch
          return answer;
        },
      };
    }

    it("the idle timeout: one second before, the login is valid; one second after, its record is deleted", async () => {
      const { ask, store } = await visit({ idleTimeout: "20m" });
      clock.tick(20 * MINUTE - SECOND);
      expect((await ask("GET /me")).status).to.equal(200);
      clock.tick(20 * MINUTE + SECOND);
      expect((await ask("GET /me")).status).to.equal(401);
      expect(await storedSessions(store.inner, "1")).to.deep.equal([]);
      if (opened.client) return; // Redis deletes the record by its own clock, which this test does not set
      await store.inner.prune();
      clock.setSystemTime(Date.now() - 10 * MINUTE);
      expect((await ask("GET /me")).status, "after the clock is set back").to.equal(401);
    });

    it("the absolute timeout ends a login even if the login is in use", async () => {
      const { ask } = await visit({ idleTimeout: "1h", absoluteTimeout: "12h" });
      for (let used = HOUR / 2; used < 12 * HOUR; used += HOUR / 2) {
        clock.tick(HOUR / 2);
        expect((await ask("GET /me")).status, `after ${used / HOUR} h`).to.equal(200);
      }
      clock.tick(HOUR / 2 - 1);
      expect((await ask("GET /me")).status, "a millisecond before").to.equal(200);
      clock.tick(1);
      expect((await ask("GET /me")).status).to.equal(401);
    });

    for (const [what, verb, line] of [
      ["touches", "touch", () => "GET /me"],
      ["saves", "update", (n: number) => `POST /note/${n}`],
    ] as const) {
      const count = trials(1000, backend.name === "memory" ? 1000 : 100);
      it(`${count} ${what} never extend a login past the absolute timeout`, async () => {
        const { ask, store, touched } = await visit({
          idleTimeout: "5m",
          absoluteTimeout: count * 35 * SECOND + MINUTE,
        });
        const end = Date.now() + count * 35 * SECOND + MINUTE;
        const stored = verb === "touch" ? touched : sinon.spy(store, verb);
        for (let n = 0; n < count; n++) {
          clock.tick(35 * SECOND);
          expect((await ask(line(n))).status).to.equal(200);
        }
        const ends = stored.args.map(([, { expiresAt }]) => expiresAt);
        expect(ends).to.have.lengthOf(count);
        expect(Math.max(...ends)).to.equal(end);
        expect((await storedSessions(store.inner, "1"))[0]!.expiresAt).to.equal(end);
        clock.tick(MINUTE);
        expect((await ask("GET /me")).status).to.equal(401);
      });
    }

    it("a confirmation restarts both timeouts; refreshStamp does not restart the absolute timeout", async () => {
      const { ask, store } = await visit({ idleTimeout: "2h", absoluteTimeout: "3h", freshFor: "1h" });
      const ends = async () => (await storedSessions(store.inner, "1")).map(({ expiresAt }) => expiresAt - Date.now());
      clock.tick(1.5 * HOUR);
      expect((await ask("POST /confirm")).status).to.equal(200);
      expect(await ends()).to.deep.equal([2 * HOUR]);
      expect(JSON.parse((await ask("GET /me")).text)).to.include({ fresh: true });
      clock.tick(1.5 * HOUR);
      expect((await ask("POST /stamp")).status).to.equal(200);
      expect(await ends()).to.deep.equal([1.5 * HOUR]);
      expect(JSON.parse((await ask("GET /me")).text)).to.include({ fresh: false });
      clock.tick(1.5 * HOUR - 1);
      expect((await ask("GET /me")).status).to.equal(200);
      clock.tick(1);
      expect((await ask("GET /me")).status).to.equal(401);
    });

    it("a remember cookie restores the login after either timeout, and the login is not fresh", async () => {
      const { origin, cookie, touched } = await visit(
        { idleTimeout: "1h", absoluteTimeout: "90m", sessionProtection: false },
        { remember: true },
      );
      const browser = new Browser(origin, { accept: "application/json" });
      for (const pair of cookie.split("; ")) await browser.setCookie(...(pair.split(/=(.*)/s) as [string, string]));
      const me = async () => {
        const answer = await browser.get("/me");
        await Promise.all(touched.returnValues); // because no response waits for a touch
        return answer.json<Me>();
      };
      expect(await me()).to.include({ fresh: true, remembered: false });
      clock.tick(HOUR + SECOND);
      expect(await me(), "after the idle timeout").to.include({ fresh: false, remembered: true });
      for (let n = 0; n < 3; n++) {
        const sid = await browser.cookie("sid");
        clock.tick(30 * MINUTE);
        expect(await me()).to.include({ remembered: true });
        expect((await browser.cookie("sid")) === sid, `the same session after ${(n + 1) / 2} h`).to.equal(n < 2);
      }
    });
  });
}

describe("a session cookie whose maxAge the application sets", () => {
  let clock: sinon.SinonFakeTimers;
  beforeEach(() => {
    clock = sinon.useFakeTimers({ now: 1_800_000_000_000, toFake: ["Date"] });
  });
  afterEach(() => sinon.restore());

  const expiry = (cookies: string[] = []) =>
    Date.parse(/Expires=([^;]*)/.exec(cookies.find((one) => one.startsWith("sid=")) ?? "")?.[1] ?? "");

  for (const [what, age] of [
    ["longer", 40 * DAY],
    ["shorter", 3 * DAY],
  ] as const) {
    it(`never outlives the login, even after a confirmation, if its maxAge is ${what} than the login`, async () => {
      const { app } = site({ idleTimeout: "30d", absoluteTimeout: "30d" });
      app.post("/keep", (req, res) => {
        req.session.cookie.maxAge = age;
        req.session.note = "kept";
        res.send("ok");
      });
      app.get("/age", (req, res) => void res.json(req.session.cookie.originalMaxAge));
      const origin = await serve(app);
      let login = Date.now();
      let cookie = only("sid", (await send(origin, "POST /login/1")).cookie);
      const ask = async (line: string) => {
        const answer = await send(origin, line, { cookie });
        if (answer.cookie) cookie = answer.cookie;
        expect(answer.status).to.equal(200);
        return expiry(answer.headers["set-cookie"]);
      };
      const expected = () => Math.min(Date.now() + age, login + 30 * DAY);
      expect(await ask("POST /keep")).to.equal(expected());
      for (let day = 1; day < 30; day++) {
        clock.tick(DAY);
        await ask("GET /me");
        expect(await ask(`POST /note/${day}`), `day ${day}`).to.equal(expected());
        if (day !== 20) continue;
        login = Date.now();
        expect(await ask("POST /confirm"), "confirmed").to.equal(expected());
      }
      expect((await send(origin, "GET /age", { cookie })).text).to.equal(String(age));
    });
  }
});
