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

describe("authenticate() by the remember cookie", () => {
  let clock: sinon.SinonFakeTimers;
  beforeEach(() => {
    clock = sinon.useFakeTimers({ now: Date.now(), toFake: ["Date"] });
  });
  afterEach(() => sinon.restore());

  /** A browser of Ann's that was closed, and with it its session. */
  async function remembered(mode: "stateless" | "persistent", options: Parameters<typeof socketSite>[0] = {}) {
    const store = new WatchedStore();
    const at = await socketSite({ store, ...options, remember: { mode, ...options.remember } });
    const told: string[] = [];
    for (const name of ["rememberTokenStale", "rememberTokenStolen", "loginsRevoked"] as const) {
      at.login.on(name, () => told.push(name));
    }
    const given = (await send(at.origin, "POST /login/1", REMEMBER)).cookie;
    /** Visits over HTTP, and gives the cookie that the browser has then. */
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
      it("gives its user, and makes no session, no cookie and no write", async () => {
        const { open, cookie, store } = await remembered(mode);
        store.calls = [];
        const { who, again, cookies } = await open({ cookie });
        expect([who, await again(), cookies]).to.deep.equal(["Ann", "Ann", []]);
        const read = "browser.read" as const;
        expect(store.calls).to.deep.equal(mode === "persistent" ? [read, read] : []);
        expect(await store.countOf("1"), "the session of the login").to.equal(1);
      });

      it("gives nobody whom maxSessions refuses over HTTP", async () => {
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

      it("gives null for one that was changed, doubled or has expired, and for a stamp that changed", async () => {
        const { open, cookie, whoIs, ann } = await remembered(mode);
        const { again } = await open({ cookie });
        const cut = cookie.slice(0, -2);
        for (const other of [`${cut}xx`, cut, `${cookie}; ${cookie}`, "remember=", "remember=v1.x.y"]) {
          expect(await whoIs(other), other).to.equal(null);
        }
        ann.stamp = "2";
        expect([await whoIs(cookie), await again()]).to.deep.equal([null, null]);
        ann.stamp = "1";
        expect(await whoIs(cookie), "asking ended nothing").to.equal("Ann");
        clock.tick(366 * DAY);
        expect([await whoIs(cookie), await again()]).to.deep.equal([null, null]);
      });

      it("gives null as long as its user is not active", async () => {
        const { whoIs, cookie, ann } = await remembered(mode);
        ann.isActive = false;
        expect(await whoIs(cookie)).to.equal(null);
        ann.isActive = true;
        expect(await whoIs(cookie)).to.equal("Ann");
      });

      it("takes over from a session that has expired, on a socket that is open too", async () => {
        const { open, sid, cookie, store } = await remembered(mode);
        const { who, again } = await open({ cookie: `${sid}; ${cookie}` });
        clock.tick(2 * DAY);
        expect(await store.countOf("1")).to.equal(0);
        expect([who, await again()]).to.deep.equal(["Ann", "Ann"]);
        expect(await store.countOf("1")).to.equal(0);
      });
    });
  }

  it("uses no token up: 100 upgrades at once, and the token is the one that HTTP replaces", async () => {
    const { whoIs, cookie, visit, told } = await remembered("persistent");
    clock.tick(DAY);
    expect(await countTrials(100, async () => (await whoIs(cookie)) === "Ann", 100)).to.equal(100);
    const next = await visit(cookie);
    expect(next.status).to.equal(200);
    expect(next.cookie).not.to.equal(cookie);
    expect(await whoIs(next.cookie)).to.equal("Ann");
    expect(told).to.deep.equal([]);
  });

  it("takes the previous token for a minute; after that it is stale, and the browser is forgotten", async () => {
    const { whoIs, cookie: first, visit, told, recordsOf } = await remembered("persistent");
    const second = (await visit(first)).cookie;
    clock.tick(MINUTE);
    expect([await whoIs(first), told], "within a minute").to.deep.equal(["Ann", []]);
    clock.tick(1);
    expect(await whoIs(first)).to.equal(null);
    expect(told).to.deep.equal(["rememberTokenStale", "loginsRevoked"]);
    expect([await recordsOf(), (await visit(second)).status]).to.deep.equal([0, 401]);
  });

  it("takes an older token for theft: all of the user's remembered browsers are forgotten", async () => {
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
    ["by its session", true],
    ["by its cookie", false],
  ] as const) {
    it(`asked again, raises no alarm on a socket that came in ${came}, although the browser has used up its cookie since`, async () => {
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

  it("ends with its browser's record, at a logout and a revocation", async () => {
    const { ann, login, open, origin, cookie, sid } = await remembered("persistent");
    const one = await open({ cookie });
    await send(origin, "POST /logout", { cookie: `${sid}; ${cookie}` });
    const other = await open({ cookie: only("remember", await loginAs(login, ann, { remember: true })) });
    expect([await one.again(), other.who]).to.deep.equal([null, "Ann"]);
    await login.sessions.revokeAll(ann);
    expect(await other.again()).to.equal(null);
  });

  it("while the store is away is an error", async () => {
    const { open, cookie, store } = await remembered("persistent");
    store.before = () => Promise.reject(new Error("connection refused"));
    const { who, cookies, again } = await open({ cookie });
    expect([who, cookies]).to.deep.equal(["store_unavailable", []]);
    store.before = () => undefined;
    expect(await again()).to.equal("Ann");
  });
});
