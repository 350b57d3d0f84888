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

/** What may become of a login of Ann's, whose `Cookie` header is given; gives another header where the browser has another. */
const ends: Record<string, (at: Site, cookie: string, clock: sinon.SinonFakeTimers) => unknown> = {
  "that was logged out": ({ origin }, cookie) => send(origin, "POST /logout", { cookie }),
  "that was revoked": ({ login, ann }) => login.sessions.revokeAll(ann),
  "whose user is gone": ({ byId }) => byId.delete("1"),
  "whose user is not active": ({ ann }) => {
    ann.isActive = false;
  },
  "whose user's stamp changed": ({ ann }) => {
    ann.stamp = "2";
  },
  "that was idle": (_at, _cookie, clock) => clock.tick(20 * MINUTE),
  "that is as old as may be": async ({ origin }, cookie, clock) => {
    for (let used = 0; used < 60; used += 10) {
      clock.tick(10 * MINUTE);
      await send(origin, "GET /me", { cookie });
    }
  },
  "whose session was confirmed, and is another now": ({ origin }, cookie) => send(origin, "POST /confirm", { cookie }),
  "that is not complete": async ({ store }) => {
    const [session] = await storedSessions(store.inner, "1");
    const { id, data, ...record } = session!;
    const auth = { ...(data.auth as object), pending: true };
    await store.inner.update(id, { ...record, data: { ...data, auth } });
  },
};

/** Cookies that are nobody's, made of a good one. */
const forgeries: Record<string, (cookie: string) => string> = {
  "no cookie": () => "",
  "an unsigned id": (cookie) => `sid=${sidIn(cookie)}`,
  "a signature that was changed": (cookie) => cookie.replace(/.$/, (last) => (last === "A" ? "B" : "A")),
  "the id of another signature": (cookie) => cookie.replace("s%3A", "s%3Ax"),
  "half an escape": () => "sid=%E0%A4",
  "another cookie": (cookie) => cookie.replace("sid=", "session="),
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

    it("gives the user of a live login, the very object of the loader, and sets no cookie", async () => {
      const { login, ann, origin, open, whoIs } = await visit();
      const { cookie } = await send(origin, "POST /login/1");
      const opened = await open({ cookie });
      expect([opened.who, await opened.again(), opened.cookies]).to.deep.equal(["Ann", "Ann", []]);
      expect((await login.authenticate(opened.req)) satisfies Person | null).to.equal(ann);
      // @ts-expect-error it may be nobody
      (await login.authenticate(opened.req)) satisfies Person;
      expect(await whoIs(await loginAs(login, ann))).to.equal("Ann");
    });

    for (const [what, forge] of Object.entries(forgeries)) {
      it(`gives null for ${what}, without asking the store`, async () => {
        const { origin, open, store } = await visit();
        const { cookie } = await send(origin, "POST /login/1");
        store.calls = [];
        const { who, cookies } = await open({ cookie: forge(cookie) });
        expect([who, cookies, store.calls]).to.deep.equal([null, [], []]);
      });
    }

    it("gives null for a login of another secret", async () => {
      const other = site({ secret: SECRET.toUpperCase() });
      const { whoIs, store } = await visit({ store: other.store });
      const cookie = await loginAs(other.login, other.ann);
      expect(await store.countOf("1")).to.equal(1);
      expect(await whoIs(cookie)).to.equal(null);
    });

    for (const [what, end] of Object.entries(ends)) {
      it(`gives null for a login ${what}, also on a socket that is open`, async () => {
        const at = await visit(limited);
        const { cookie } = await send(at.origin, "POST /login/1");
        const opened = await at.open({ cookie });
        expect(opened.who).to.equal("Ann");
        await end(at, cookie, clock);
        expect([await at.whoIs(cookie), await opened.again()]).to.deep.equal([null, null]);
      });
    }

    it("ends a login that may not go on, and tells why", async () => {
      const { ann, login, origin, whoIs, store } = await visit();
      const ended = sinon.fake();
      login.on("loginEnded", ended);
      const { cookie } = await send(origin, "POST /login/1");
      ann.stamp = "2";
      expect(await whoIs(cookie)).to.equal(null);
      expect(await store.countOf("1")).to.equal(0);
      expect(ended.args.map(([{ userId, reason }]) => [userId, reason])).to.deep.equal([["1", "stamp changed"]]);
    });

    it("takes none of two session cookies, as over HTTP", async () => {
      const { login, ann, bob, origin, whoIs } = await visit();
      const cookies = [await loginAs(login, ann), await loginAs(login, bob)];
      for (const cookie of [cookies.join("; "), cookies.toReversed().join("; "), `${cookies[0]}; sid=x`]) {
        expect((await send(origin, "GET /me", { cookie })).status).to.equal(401);
        expect(await whoIs(cookie)).to.equal(null);
      }
    });

    it("while the store is away is an error, and the login is there afterwards", async () => {
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

    it("counts as use of the session, told to the store once a minute: 10 times in 60 asks over 10 minutes", async () => {
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

    it(`${UPGRADES} upgrades of 50 users, between requests over HTTP: 0 wrong users`, async () => {
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

    it("inside of the application gives the user that currentUser() gives, or null", async () => {
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
