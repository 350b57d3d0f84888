import { expect } from "chai";
import { loginUser, refreshStamp } from "latchkey";
import sinon from "sinon";
import { accountSite, browsersOf, idOf, shown, statuses } from "../support/account-site.js";
import { backendsHere, type Opened } from "../support/backends.js";
import type { Browser } from "../support/browser.js";
import { only, send } from "../support/raw-client.js";
import { storedBrowsers, storedSessions } from "../support/records.js";
import type { Me } from "../support/site.js";

const MINUTE = 60_000;
const here = await backendsHere();

describe("a change of password", () => {
  let clock: sinon.SinonFakeTimers;
  beforeEach(() => {
    clock = sinon.useFakeTimers({ now: Date.now(), toFake: ["Date"] });
  });
  afterEach(() => sinon.restore());

  /** Five browsers in a session, the first of them remembered, and two more that are remembered alone; with all their cookies. */
  async function people(origin: string) {
    const [own, ...others] = [
      ...(await browsersOf(origin, 1, { remember: true, duration: "30d" })),
      ...(await browsersOf(origin, 4)),
      ...(await browsersOf(origin, 2, { remember: true })),
    ] as [Browser, ...Browser[]];
    for (const browser of others.slice(4)) await browser.restart();
    const cookies = await Promise.all([own, ...others].map((browser) => browser.jar.getCookieString(origin)));
    return { own, others, cookies };
  }

  for (const { name, open } of here) {
    describe(`on ${name}`, () => {
      let opened: Opened;
      beforeEach(async () => {
        opened = await open();
      });
      afterEach(() => opened?.close());

      it("keeps this login under a new id, remembered, as fresh and as old as it was, and ends all others", async () => {
        const { origin, store, told } = await accountSite({ store: opened.store, absoluteTimeout: "10h" });
        const { own, others, cookies } = await people(origin);
        const id = await idOf(own);
        const otherId = await idOf(others[0]!);
        const sessions = await storedSessions(opened.store, "1");
        const before = sessions.find(({ data }) => auth(data).loginId === id)!;
        const other = sessions.find(({ data }) => auth(data).loginId === otherId);
        clock.tick(10 * MINUTE);
        told.length = 0;
        expect((await own.post("/password")).status).to.equal(200);
        expect(told).to.eql(["loginsRevoked stamp changed 6", "stampRefreshed"]);

        expect((await own.get("/me")).json<Me>()).to.eql({ name: "Ann", fresh: true, remembered: false });
        const after = (await storedSessions(opened.store, "1")).find(({ data }) => auth(data).loginId === id)!;
        const kept = ["loginAt", "freshAt", "fingerprint", "remembered", "loginId"];
        for (const part of kept) expect(auth(after.data)[part], part).to.equal(auth(before.data)[part]);
        expect(after.id).not.to.equal(before.id);
        expect(after.createdAt).to.equal(before.createdAt);
        const ownCookies = await own.jar.getCookies(origin);
        const maxAge = ownCookies
          .find(({ key }) => key === "remember")!
          .expiryDate()!
          .getTime();
        expect(maxAge, "remembered no longer than it was").to.be.closeTo(
          before.createdAt + 30 * 24 * 60 * MINUTE,
          1000,
        );

        expect(await statuses(others)).to.eql(Array(6).fill(401));
        const { id: returned, ...record } = other!;
        await opened.store.create(returned, { ...record, revision: 0 }); // as by a backup, or a replica that was late
        for (const cookie of cookies) {
          for (const one of [cookie, ...cookie.split("; ")]) {
            expect((await send(origin, "GET /me", { cookie: one })).status).to.equal(401);
          }
        }
        expect((await shown(own)).map((login) => login.id)).to.eql([id]);
        await own.restart();
        clock.tick(10 * MINUTE);
        expect((await own.get("/me")).json<Me>(), "remembered still").to.eql({
          ...{ name: "Ann", fresh: false, remembered: true },
        });
        expect(await store.countOf("1")).to.equal(1);
      });

      it("without stamps: revokeAll for all but the current login does the same", async () => {
        const { ann, origin } = await accountSite({ store: opened.store });
        ann.getSessionStamp = () => "the same";
        const { own, others, cookies } = await people(origin);
        expect((await own.post("/revoke-all?except=current")).json()).to.equal(6);
        expect(await statuses([own, ...others])).to.eql([200, ...Array(6).fill(401)]);
        for (const cookie of cookies.slice(1)) {
          expect((await send(origin, "GET /me", { cookie })).status).to.equal(401);
        }
        await own.restart();
        expect(await statuses([own])).to.eql([200]);
      });
    });
  }

  it("does not make a login fresh, nor last any longer", async () => {
    const { origin } = await accountSite({ absoluteTimeout: "1h", idleTimeout: "1h" });
    const [browser] = (await browsersOf(origin, 1, { fresh: false })) as [Browser];
    clock.tick(30 * MINUTE);
    expect((await browser.post("/password")).status).to.equal(200);
    expect((await browser.get("/me")).json<Me>()).to.include({ fresh: false });
    clock.tick(30 * MINUTE - 1);
    expect(await statuses([browser])).to.eql([200]);
    clock.tick(1);
    expect(await statuses([browser])).to.eql([401]);
  });

  it("of a restored login: restored it stays", async () => {
    const { origin } = await accountSite();
    const [browser] = (await browsersOf(origin, 1, { remember: true })) as [Browser];
    await browser.restart();
    const me = { name: "Ann", fresh: false, remembered: true };
    expect((await browser.get("/me")).json()).to.eql(me);
    expect((await browser.post("/password")).status).to.equal(200);
    expect((await browser.get("/me")).json()).to.eql(me);
    await browser.restart();
    expect((await browser.post("/password")).status, "in a request that restores it").to.equal(200);
    expect((await browser.get("/me")).json()).to.eql(me);
    await browser.restart();
    expect((await browser.get("/me")).json()).to.eql(me);
  });

  it("of a user without stamps: the remember cookie of before is worth nothing, sent along or not", async () => {
    const { ann, origin, store } = await accountSite();
    ann.getSessionStamp = () => "the same";
    for (const isSent of [true, false]) {
      const { cookie } = await send(origin, "POST /login/1", { json: { remember: true } });
      const changed = await send(origin, "POST /password", { cookie: isSent ? cookie : only("sid", cookie) });
      expect(changed.status).to.equal(200);
      expect((await send(origin, "GET /me", { cookie: only("remember", cookie) })).status).to.equal(401);
      expect(await storedBrowsers(store.inner, "1")).to.have.lengthOf(isSent ? 1 : 0);
    }
  });

  it("in a request that a remember cookie serves alone: one session, the new one", async () => {
    const { origin, store } = await accountSite();
    const { cookie } = await send(origin, "POST /login/1", { json: { remember: true } });
    const restored = await send(origin, "GET /me", { cookie: only("remember", cookie) });
    const changed = await send(origin, "POST /password", { cookie: only("remember", restored.cookie) });
    expect(changed.status).to.equal(200);
    expect(await store.countOf("1")).to.equal(1);
    expect((await send(origin, "GET /me", { cookie: restored.cookie })).status).to.equal(401);
    for (const name of ["sid", "remember"]) {
      expect((await send(origin, "GET /me", { cookie: only(name, changed.cookie) })).status, name).to.equal(200);
    }
  });

  for (const [what, change] of Object.entries({
    "nobody who is logged in": (at: Site): unknown => at.login.requestLoader(() => null),
    "a user who is gone": (at: Site): unknown => at.byId.delete("1"),
    "a user who is not active": (at: Site): unknown => Object.assign(at.ann, { isActive: false }),
  })) {
    it(`of ${what}: 401, no cookie, nothing is changed`, async () => {
      const at = await accountSite();
      const { cookie } = await send(at.origin, "POST /login/1", { json: { remember: true } });
      at.app.post("/late-password", async (req, res, next) => {
        await at.login.currentUser();
        if (what !== "nobody who is logged in") change(at);
        await refreshStamp(req).then(() => res.send("changed"), next);
      });
      const answer = await send(at.origin, "POST /late-password", {
        cookie: what === "nobody who is logged in" ? "" : cookie,
      });
      expect([answer.status, answer.headers["set-cookie"]]).to.eql([401, undefined]);
      expect(await at.store.countOf("1")).to.equal(1);
    });
  }

  it("of a user whom the request loader recognizes: 401, there is no login to keep", async () => {
    const { login, ann, origin } = await accountSite();
    login.requestLoader(() => ann);
    const answer = await send(origin, "POST /password");
    expect([answer.status, answer.headers["set-cookie"]]).to.eql([401, undefined]);
  });

  it("by logging in again, as without refreshStamp: remembered still, the others ended", async () => {
    const { app, ann, origin } = await accountSite();
    app.post("/new-password", async (req, res, next) => {
      ann.stamp = "new";
      await loginUser(req, ann).then(() => res.send("changed"), next);
    });
    const [own, other] = (await browsersOf(origin, 2, { remember: true })) as [Browser, Browser];
    expect((await own.post("/new-password")).status).to.equal(200);
    await Promise.all([own.restart(), other.restart()]);
    expect(await statuses([own, other])).to.eql([200, 401]);
  });
});

type Site = Awaited<ReturnType<typeof accountSite>>;

function auth(data: object): Record<string, unknown> {
  return (data as { auth: Record<string, unknown> }).auth;
}
