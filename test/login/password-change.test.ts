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

describe("a password change", () => {
  let clock: sinon.SinonFakeTimers;
  beforeEach(() => {
    clock = sinon.useFakeTimers({ now: Date.now(), toFake: ["Date"] });
  });
  afterEach(() => sinon.restore());

  /**
   * Returns seven browsers and their cookies. Five browsers have a session, and the first of these is also remembered.
   * Two browsers are only remembered.
   */
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

      it("keeps this login under a new session id, with the same age and freshness, and ends all others", async () => {
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
        expect(maxAge, "the remember cookie does not last longer").to.be.closeTo(
          before.createdAt + 30 * 24 * 60 * MINUTE,
          1000,
        );

        expect(await statuses(others)).to.eql(Array(6).fill(401));
        const { id: returned, ...record } = other!;
        // As if a backup was restored, or a replica was late.
        await opened.store.create(returned, { ...record, revision: 0 });
        for (const cookie of cookies) {
          for (const one of [cookie, ...cookie.split("; ")]) {
            expect((await send(origin, "GET /me", { cookie: one })).status).to.equal(401);
          }
        }
        expect((await shown(own)).map((login) => login.id)).to.eql([id]);
        await own.restart();
        clock.tick(10 * MINUTE);
        expect((await own.get("/me")).json<Me>(), "still remembered").to.eql({
          ...{ name: "Ann", fresh: false, remembered: true },
        });
        expect(await store.countOf("1")).to.equal(1);
      });

      it("can end all other logins with revokeAll if users have no stamps", async () => {
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

  it("does not make a login fresh or last longer", async () => {
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

  it("leaves a restored login remembered and not fresh", async () => {
    const { origin } = await accountSite();
    const [browser] = (await browsersOf(origin, 1, { remember: true })) as [Browser];
    await browser.restart();
    const me = { name: "Ann", fresh: false, remembered: true };
    expect((await browser.get("/me")).json()).to.eql(me);
    expect((await browser.post("/password")).status).to.equal(200);
    expect((await browser.get("/me")).json()).to.eql(me);
    await browser.restart();
    expect((await browser.post("/password")).status, "in the request that restores the login").to.equal(200);
    expect((await browser.get("/me")).json()).to.eql(me);
    await browser.restart();
    expect((await browser.get("/me")).json()).to.eql(me);
  });

  it("ends the old remember cookie of a user without stamps, whether the request sends it or not", async () => {
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

  it("leaves only the new session if the request has only a remember cookie", async () => {
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
    "an anonymous visitor": (at: Site): unknown => at.login.requestLoader(() => null),
    "a deleted user": (at: Site): unknown => at.byId.delete("1"),
    "an inactive user": (at: Site): unknown => Object.assign(at.ann, { isActive: false }),
  })) {
    it(`sends 401, sets no cookie and changes nothing for ${what}`, async () => {
      const at = await accountSite();
      const { cookie } = await send(at.origin, "POST /login/1", { json: { remember: true } });
      at.app.post("/late-password", async (req, res, next) => {
        await at.login.currentUser();
        if (what !== "an anonymous visitor") change(at);
        await refreshStamp(req).then(() => res.send("changed"), next);
      });
      const answer = await send(at.origin, "POST /late-password", {
        cookie: what === "an anonymous visitor" ? "" : cookie,
      });
      expect([answer.status, answer.headers["set-cookie"]]).to.eql([401, undefined]);
      expect(await at.store.countOf("1")).to.equal(1);
    });
  }

  it("sends 401 for a user from the request loader, who has no login to keep", async () => {
    const { login, ann, origin } = await accountSite();
    login.requestLoader(() => ann);
    const answer = await send(origin, "POST /password");
    expect([answer.status, answer.headers["set-cookie"]]).to.eql([401, undefined]);
  });

  it("can use loginUser instead: this browser stays remembered, and other logins end", async () => {
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
