import { expect } from "chai";
import { loginAs } from "latchkey/testing";
import sinon from "sinon";
import { countTrials, only, send } from "../support/raw-client.js";
import { storedBrowsers } from "../support/records.js";
import { socketSite } from "../support/sockets.js";
import { WatchedStore } from "../support/watched-store.js";

const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;
const REMEMBER = { json: { remember: true } };

describe("authenticate() with a remember cookie", () => {
  let clock: sinon.SinonFakeTimers;
  beforeEach(() => {
    clock = sinon.useFakeTimers({ now: Date.now(), toFake: ["Date"] });
  });
  afterEach(() => sinon.restore());

  /** Logs Ann in with a remember cookie, and returns the session cookie and the remember cookie separately. */
  async function remembered(mode: "stateless" | "persistent", options: Parameters<typeof socketSite>[0] = {}) {
    const store = new WatchedStore();
    const at = await socketSite({ store, ...options, remember: { mode, ...options.remember } });
    const told: string[] = [];
    for (const name of ["rememberTokenStale", "rememberTokenStolen", "loginsRevoked"] as const) {
      at.login.on(name, () => told.push(name));
    }
    const given = (await send(at.origin, "POST /login/1", REMEMBER)).cookie;
    /** Sends a request over HTTP, and returns the remember cookie that the browser then has. */
    const visit = async (cookie: string) => {
      const answer = await send(at.origin, "GET /me", { cookie });
      const session = only("sid", answer.cookie);
      if (session) await send(at.origin, "POST /note/back", { cookie: session });
      return { status: answer.status, cookie: only("remember", answer.cookie) ?? cookie };
    };
    const recordsOf = async () => (await storedBrowsers(store.inner, "1")).length;
    return { ...at, told, recordsOf, visit, sid: only("sid", given), cookie: only("remember", given) };
  }

  for (const mode of ["stateless", "persistent"] as const) {
    describe(mode, () => {
      it("returns the user, creates no session, sets no cookie and writes nothing", async () => {
        const { open, cookie, store } = await remembered(mode);
        store.calls = [];
        const { who, again, cookies } = await open({ cookie });
        expect([who, await again(), cookies]).to.deep.equal(["Ann", "Ann", []]);
        const read = "browser.read" as const;
        expect(store.calls).to.deep.equal(mode === "persistent" ? [read, read] : []);
        expect(await store.countOf("1"), "the session of the login").to.equal(1);
      });

      it("returns null if maxSessions refuses the login over HTTP", async () => {
        const { open, cookie, sid, visit, login, origin } = await remembered(mode, {
          maxSessions: 1,
          onLimit: "refuse",
        });
        expect((await open({ cookie })).who, "the same login").to.equal("Ann");
        clock.tick(DAY); // the session has ended, and another browser logs in
        expect((await open({ cookie: sid! })).who).to.equal(null);
        expect((await send(origin, "POST /login/1")).status).to.equal(200);
        expect([(await open({ cookie })).who, (await visit(cookie)).status]).to.deep.equal([null, 401]);
        await login.sessions.revokeAll("1");
        expect((await open({ cookie })).who).to.equal(mode === "stateless" ? "Ann" : null);
      });

      it("returns null for a changed, repeated or expired cookie, and after a stamp change", async () => {
        const { open, cookie, whoIs, ann } = await remembered(mode);
        const { again } = await open({ cookie });
        const cut = cookie.slice(0, -2);
        for (const other of [`${cut}xx`, cut, `${cookie}; ${cookie}`, "remember=", "remember=v1.x.y"]) {
          expect(await whoIs(other), other).to.equal(null);
        }
        ann.stamp = "2";
        expect([await whoIs(cookie), await again()]).to.deep.equal([null, null]);
        ann.stamp = "1";
        expect(await whoIs(cookie), "the earlier calls ended nothing").to.equal("Ann");
        clock.tick(366 * DAY);
        expect([await whoIs(cookie), await again()]).to.deep.equal([null, null]);
      });

      it("returns null while the user is not active", async () => {
        const { whoIs, cookie, ann } = await remembered(mode);
        ann.isActive = false;
        expect(await whoIs(cookie)).to.equal(null);
        ann.isActive = true;
        expect(await whoIs(cookie)).to.equal("Ann");
      });

      it("still returns the user after the session has expired, even on an open socket", async () => {
        const { open, sid, cookie, store } = await remembered(mode);
        const { who, again } = await open({ cookie: `${sid}; ${cookie}` });
        clock.tick(2 * DAY);
        expect(await store.countOf("1")).to.equal(0);
        expect([who, await again()]).to.deep.equal(["Ann", "Ann"]);
        expect(await store.countOf("1")).to.equal(0);
      });
    });
  }

  it("does not use up the token: after 100 concurrent upgrades, an HTTP request can still use it", async () => {
    const { whoIs, cookie, visit, told } = await remembered("persistent");
    clock.tick(DAY);
    expect(await countTrials(100, async () => (await whoIs(cookie)) === "Ann", 100)).to.equal(100);
    const next = await visit(cookie);
    expect(next.status).to.equal(200);
    expect(next.cookie).not.to.equal(cookie);
    expect(await whoIs(next.cookie)).to.equal("Ann");
    expect(told).to.deep.equal([]);
  });

  it("accepts the previous token for a minute; then the token is stale and the browser is forgotten", async () => {
    const { whoIs, cookie: first, visit, told, recordsOf } = await remembered("persistent");
    const second = (await visit(first)).cookie;
    clock.tick(MINUTE);
    expect([await whoIs(first), told], "within a minute").to.deep.equal(["Ann", []]);
    clock.tick(1);
    expect(await whoIs(first)).to.equal(null);
    expect(told).to.deep.equal(["rememberTokenStale", "loginsRevoked"]);
    expect([await recordsOf(), (await visit(second)).status]).to.deep.equal([0, 401]);
  });

  it("treats an older token as stolen: all remembered browsers of the user are forgotten", async () => {
    const { whoIs, origin, cookie: first, visit, told, recordsOf } = await remembered("persistent");
    await send(origin, "POST /login/1", REMEMBER);
    let latest = first;
    for (let visits = 0; visits < 3; visits++) {
      latest = (await visit(latest)).cookie;
      clock.tick(MINUTE + 1);
    }
    expect([await whoIs(first), await recordsOf(), (await visit(latest)).status]).to.deep.equal([null, 0, 401]);
    expect(told).to.deep.equal(["rememberTokenStolen", "loginsRevoked"]);
  });

  for (const [came, sends] of [
    ["with a session", true],
    ["with a remember cookie", false],
  ] as const) {
    it(`emits no theft event on a socket that opened ${came} if the browser got a new cookie later`, async () => {
      const { open, cookie: first, sid, visit, told } = await remembered("persistent");
      const { who, again } = await open({ cookie: sends ? `${sid}; ${first}` : first });
      const second = (await visit(first)).cookie;
      expect([who, await again()], "within a minute").to.deep.equal(["Ann", "Ann"]);
      clock.tick(MINUTE + 1);
      expect(await again(), "stale").to.equal(null);
      const third = (await visit(second)).cookie;
      clock.tick(MINUTE + 1);
      expect(await again(), "older").to.equal(null);
      expect([told, (await visit(third)).status]).to.deep.equal([[], 200]);
    });
  }

  it("returns null after a logout or a revocation", async () => {
    const { ann, login, open, origin, cookie, sid } = await remembered("persistent");
    const one = await open({ cookie });
    await send(origin, "POST /logout", { cookie: `${sid}; ${cookie}` });
    const other = await open({ cookie: only("remember", await loginAs(login, ann, { remember: true })) });
    expect([await one.again(), other.who]).to.deep.equal([null, "Ann"]);
    await login.sessions.revokeAll(ann);
    expect(await other.again()).to.equal(null);
  });

  it("rejects while the store is down", async () => {
    const { open, cookie, store } = await remembered("persistent");
    store.before = () => Promise.reject(new Error("connection refused"));
    const { who, cookies, again } = await open({ cookie });
    expect([who, cookies]).to.deep.equal(["store_unavailable", []]);
    store.before = () => undefined;
    expect(await again()).to.equal("Ann");
  });
});
