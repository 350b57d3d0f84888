import { expect } from "chai";
import { currentUser, loginRequired } from "latchkey";
import { loginAs } from "latchkey/testing";
import sinon from "sinon";
import { expressVersions } from "../support/express.js";
import { addCrowd, type Person, SECRET } from "../support/people.js";
import { countTrials, only, send, sidIn } from "../support/raw-client.js";
import { storedSessions } from "../support/records.js";
import { site } from "../support/site.js";
import { socketSite } from "../support/sockets.js";
import { trials } from "../support/trials.js";

const MINUTE = 60_000;
const UPGRADES = trials(1000, 300);
type Site = Awaited<ReturnType<typeof socketSite>>;

/** Ways in which Ann's login, whose `Cookie` header is passed, becomes invalid. */
const ends: Record<string, (at: Site, cookie: string, clock: sinon.SinonFakeTimers) => unknown> = {
  "that was logged out": ({ origin }, cookie) => send(origin, "POST /logout", { cookie }),
  "that was revoked": ({ login, ann }) => login.sessions.revokeAll(ann),
  "whose user was deleted": ({ byId }) => byId.delete("1"),
  "whose user is not active": ({ ann }) => {
    ann.isActive = false;
  },
  "whose stamp changed": ({ ann }) => {
    ann.stamp = "2";
  },
  "that reached the idle timeout": (_at, _cookie, clock) => clock.tick(20 * MINUTE),
  "that reached the absolute timeout": async ({ origin }, cookie, clock) => {
    for (let used = 0; used < 60; used += 10) {
      clock.tick(10 * MINUTE);
      await send(origin, "GET /me", { cookie });
    }
  },
  "whose session id a confirmation changed": ({ origin }, cookie) => send(origin, "POST /confirm", { cookie }),
  "that is still pending": async ({ store }) => {
    const [session] = await storedSessions(store.inner, "1");
    const { id, data, ...record } = session!;
    const auth = { ...(data.auth as object), pending: true };
    await store.inner.update(id, { ...record, data: { ...data, auth } });
  },
};

/** Invalid cookies, made from a valid cookie. */
const forgeries: Record<string, (cookie: string) => string> = {
  "no cookie": () => "",
  "an unsigned id": (cookie) => `sid=${sidIn(cookie)}`,
  "a changed signature": (cookie) => cookie.replace(/.$/, (last) => (last === "A" ? "B" : "A")),
  "an id that does not match its signature": (cookie) => cookie.replace("s%3A", "s%3Ax"),
  "an incomplete escape sequence": () => "sid=%E0%A4",
  "a cookie with another name": (cookie) => cookie.replace("sid=", "session="),
};

for (const { name, express } of expressVersions) {
  describe(`authenticate() on an upgrade, ${name}`, () => {
    let clock: sinon.SinonFakeTimers;
    beforeEach(() => {
      clock = sinon.useFakeTimers({ now: Date.now(), toFake: ["Date"] });
    });
    afterEach(() => sinon.restore());

    const visit = (options: Parameters<typeof site>[0] = {}) => socketSite(options, { make: express });
    const limited = { idleTimeout: 20 * MINUTE, absoluteTimeout: 60 * MINUTE };

    it("returns the loader's user object for a valid login, and sets no cookie", async () => {
      const { login, ann, origin, open, whoIs } = await visit();
      const { cookie } = await send(origin, "POST /login/1");
      const opened = await open({ cookie });
      expect([opened.who, await opened.again(), opened.cookies]).to.deep.equal(["Ann", "Ann", []]);
      expect((await login.authenticate(opened.req)) satisfies Person | null).to.equal(ann);
      // @ts-expect-error it may be null
      (await login.authenticate(opened.req)) satisfies Person;
      expect(await whoIs(await loginAs(login, ann))).to.equal("Ann");
    });

    for (const [what, forge] of Object.entries(forgeries)) {
      it(`returns null for ${what} without a store call`, async () => {
        const { origin, open, store } = await visit();
        const { cookie } = await send(origin, "POST /login/1");
        store.calls = [];
        const { who, cookies } = await open({ cookie: forge(cookie) });
        expect([who, cookies, store.calls]).to.deep.equal([null, [], []]);
      });
    }

    it("returns null for a login that was signed with another secret", async () => {
      const other = site({ secret: SECRET.toUpperCase() });
      const { whoIs, store } = await visit({ store: other.store });
      const cookie = await loginAs(other.login, other.ann);
      expect(await store.countOf("1")).to.equal(1);
      expect(await whoIs(cookie)).to.equal(null);
    });

    for (const [what, end] of Object.entries(ends)) {
      it(`returns null for a login ${what}, even on an open socket`, async () => {
        const at = await visit(limited);
        const { cookie } = await send(at.origin, "POST /login/1");
        const opened = await at.open({ cookie });
        expect(opened.who).to.equal("Ann");
        await end(at, cookie, clock);
        expect([await at.whoIs(cookie), await opened.again()]).to.deep.equal([null, null]);
      });
    }

    it("ends a login after a stamp change, and emits loginEnded with the reason", async () => {
      const { ann, login, origin, whoIs, store } = await visit();
      const ended = sinon.fake();
      login.on("loginEnded", ended);
      const { cookie } = await send(origin, "POST /login/1");
      ann.stamp = "2";
      expect(await whoIs(cookie)).to.equal(null);
      expect(await store.countOf("1")).to.equal(0);
      expect(ended.args.map(([{ userId, reason }]) => [userId, reason])).to.deep.equal([["1", "stamp changed"]]);
    });

    it("accepts neither of two session cookies, as over HTTP", async () => {
      const { login, ann, bob, origin, whoIs } = await visit();
      const cookies = [await loginAs(login, ann), await loginAs(login, bob)];
      for (const cookie of [cookies.join("; "), cookies.toReversed().join("; "), `${cookies[0]}; sid=x`]) {
        expect((await send(origin, "GET /me", { cookie })).status).to.equal(401);
        expect(await whoIs(cookie)).to.equal(null);
      }
    });

    it("rejects while the store is down, and finds the login afterwards", async () => {
      const { origin, open, store } = await visit();
      const { cookie } = await send(origin, "POST /login/1", { json: { remember: true } });
      const before = await open({ cookie });
      store.before = () => Promise.reject(new Error("connection refused"));
      const during = await open({ cookie });
      expect([during.who, during.cookies]).to.deep.equal(["store_unavailable", []]);
      expect(await before.again()).to.equal("store_unavailable");
      store.before = () => undefined;
      expect([await before.again(), await during.again()]).to.deep.equal(["Ann", "Ann"]);
    });

    it("extends the session with one touch a minute: 10 touches for 60 calls in 10 minutes", async () => {
      const { origin, open, store } = await visit(limited);
      const { cookie } = await send(origin, "POST /login/1");
      const { again } = await open({ cookie });
      store.calls = [];
      for (let asked = 0; asked < 60; asked++) {
        clock.tick(10_000);
        expect(await again()).to.equal("Ann");
      }
      expect(store.calls.filter((verb) => verb === "touch")).to.have.length(10);
      expect(new Set(store.calls)).to.deep.equal(new Set(["read", "touch"]));
      clock.tick(15 * MINUTE);
      expect((await send(origin, "GET /me", { cookie })).status, "25 minutes after the login").to.equal(200);
    });

    it(`returns the right user for ${UPGRADES} upgrades of 50 users, together with HTTP requests`, async () => {
      const { login, byId, origin, open } = await visit();
      addCrowd(byId);
      const crowd = [...byId.values()].filter(({ isActive }) => isActive).slice(0, 50);
      const cookies = await Promise.all(crowd.map((person) => loginAs(login, person)));
      const right = await countTrials(UPGRADES, async (n) => {
        const [cookie, person] = [cookies[n % 50]!, crowd[n % 50]!];
        const asked = Promise.all([open({ cookie }), send(origin, "GET /me", { cookie: cookies[(n + 7) % 50]! })]);
        const [{ who, req }, over] = await asked;
        const ofOther = JSON.parse(over.text).name === crowd[(n + 7) % 50]!.name;
        return who === person.name && (await login.authenticate(req)) === person && ofOther;
      });
      expect(right).to.equal(UPGRADES);
    });

    it("returns the same user as currentUser() in a handler, or null", async () => {
      const { app, login, origin } = await visit();
      app.get("/same", loginRequired(), (req, res, next) => {
        const asked = Promise.all([login.authenticate(req), currentUser()]);
        asked.then(([one, other]) => res.json(one === other), next);
      });
      app.get("/asked", (req, res, next) => {
        login.authenticate(req).then((user) => res.json(user), next);
      });
      const { cookie } = await send(origin, "POST /login/1");
      expect((await send(origin, "GET /same", { cookie })).text).to.equal("true");
      expect((await send(origin, "GET /asked")).text).to.equal("null");
      const remembered = only("remember", (await send(origin, "POST /login/1", { json: { remember: true } })).cookie);
      expect(JSON.parse((await send(origin, "GET /asked", { cookie: remembered })).text).name).to.equal("Ann");
    });
  });
}
