import { expect } from "chai";
import type { Request } from "express";
import { loginUser } from "latchkey";
import { impersonate } from "latchkey/impersonation";
import sinon from "sinon";
import { shown } from "../support/account-site.js";
import { backendsHere, type Opened } from "../support/backends.js";
import { Browser } from "../support/browser.js";
import { annAt, impersonationSite, whoIn } from "../support/impersonation-site.js";
import { storedBrowsers, storedSessions } from "../support/records.js";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const here = await backendsHere("memory", "redis", "sql on pg");

const ANN = { user: "Ann", impersonator: null, fresh: true, note: "annsnote" };
const BOB = { user: "Bob", impersonator: "Ann", fresh: false, note: null };
const NOBODY = { user: null, impersonator: null, fresh: false, note: null };

describe("impersonation", () => {
  let clock: sinon.SinonFakeTimers;
  beforeEach(() => {
    clock = sinon.useFakeTimers({ now: Date.now(), toFake: ["Date"] });
  });
  afterEach(() => sinon.restore());

  for (const { name, open } of here) {
    describe(`on ${name}`, () => {
      let opened: Opened;
      beforeEach(async () => {
        opened = await open();
      });
      afterEach(() => opened?.close());
      const siteHere = (options: Parameters<typeof impersonationSite>[0] = {}) =>
        impersonationSite({ ...options, store: opened.store });
      const recordsOf = async (...ids: string[]) =>
        (await Promise.all(ids.map((id) => storedSessions(opened.store, id)))).flat();

      it("gives the request the user's login, and back the administrator's with the values of the session", async () => {
        const { origin, ended } = await siteHere();
        const browser = await annAt(origin);
        expect(await whoIn(browser)).to.eql(ANN);
        const before = await browser.jar.getCookieString(origin);
        expect((await browser.post("/as/2")).status).to.equal(200);
        expect(await whoIn(browser)).to.eql(BOB);
        await browser.post("/note/bobs");
        const during = await browser.jar.getCookieString(origin);
        expect((await browser.post("/stop")).json()).to.equal(true);
        expect(await whoIn(browser)).to.eql({ ...ANN, fresh: false });
        const after = await browser.jar.getCookieString(origin);
        expect(new Set([before, during, after])).to.have.lengthOf(3);
        for (const cookie of [before, during]) {
          const old = new Browser(origin, { accept: "application/json", cookie });
          expect(await whoIn(old)).to.eql(NOBODY);
        }
        expect(await recordsOf("1", "2")).to.have.lengthOf(1);
        expect(ended).to.eql(["Ann logged in", "Ann acts as Bob", "1 no longer acts as 2: stopped"]);
        expect((await browser.post("/stop")).json()).to.equal(false);
        expect(await whoIn(browser)).to.eql({ ...ANN, fresh: false });
      });

      it("refuses nesting, oneself, users who are not active, and visitors", async () => {
        const { origin, ended } = await siteHere();
        const browser = await annAt(origin);
        const refusal = async (path: string, by = browser) => {
          const { status, text } = await by.post(path);
          return `${status} ${/[A-Z]\w+Error/.exec(text)?.[0]}`;
        };
        expect(await refusal("/as/1")).to.equal("403 ImpersonationRefusedError");
        expect(await refusal("/as/3")).to.equal("403 ImpersonationRefusedError");
        expect(await refusal("/as/2", new Browser(origin))).to.equal("401 LoginRequiredError");
        expect(await whoIn(browser)).to.eql(ANN);
        await browser.post("/as/2");
        expect(await refusal("/as/1")).to.equal("403 ImpersonatingError");
        expect(await refusal("/as/3")).to.equal("403 ImpersonatingError");
        expect(await whoIn(browser)).to.eql(BOB);
        expect(ended).to.eql(["Ann logged in", "Ann acts as Bob"]);
      });

      it("refuses loginUser, confirmLogin and refreshStamp, which leave the impersonation as it is", async () => {
        const { origin } = await siteHere();
        const browser = await annAt(origin);
        await browser.post("/as/2");
        for (const [path, json] of [
          ["/login/1", {}],
          ["/login/2", { remember: true }],
          ["/confirm", {}],
        ] as const) {
          const { status, cookies, text } = await browser.post(path, { json });
          expect([status, cookies, text.includes("ImpersonatingError")]).to.eql([403, [], true]);
        }
        expect(await whoIn(browser)).to.eql(BOB);
        expect(await recordsOf("1", "2")).to.have.lengthOf(2);
        expect((await browser.post("/password")).status).to.equal(403);
      });

      it("logs a user in after the impersonation has ended", async () => {
        const { origin, login } = await siteHere();
        const browser = await annAt(origin);
        await browser.post("/as/2");
        await login.sessions.revokeAll("1");
        expect((await browser.post("/login/2", { json: {} })).status).to.equal(200);
        expect(await whoIn(browser)).to.eql({ ...BOB, impersonator: null, fresh: true });
      });

      it("shows both names in the lists of both users, and does not use up maxSessions", async () => {
        const { origin, login } = await siteHere({ maxSessions: 1 });
        const bobs = new Browser(origin, { accept: "application/json" });
        await bobs.post("/login/2", { json: {} });
        const browser = await annAt(origin);
        clock.tick(MINUTE);
        await browser.post("/as/2");
        expect(await whoIn(bobs)).to.include({ user: "Bob", impersonator: null });
        const list = await shown(bobs);
        expect(list.map(({ impersonator, current }) => [impersonator, current])).to.eql([
          ["1", false],
          [undefined, true],
        ]);
        expect(list[0]).to.include({ address: null, userAgent: null, fresh: false, persistent: false });
        const own = await login.sessions.list("1");
        expect(own.map(({ impersonating, impersonator }) => [impersonating, impersonator])).to.eql([["2", undefined]]);
        // The user may log in elsewhere, and the oldest login of the user ends, but not the impersonation.
        const second = new Browser(origin, { accept: "application/json" });
        await second.post("/login/2", { json: {} });
        expect(await whoIn(bobs)).to.eql(NOBODY);
        expect(await whoIn(browser)).to.eql(BOB);
      });

      it("is possible although the user has maxSessions logins, which onLimit refuses", async () => {
        const { origin } = await siteHere({ maxSessions: 1, onLimit: "refuse" });
        const bobs = new Browser(origin, { accept: "application/json" });
        await bobs.post("/login/2", { json: {} });
        const browser = await annAt(origin);
        await browser.post("/as/2");
        expect(await whoIn(browser)).to.eql(BOB);
        await browser.post("/stop");
        expect(await whoIn(browser)).to.include({ user: "Ann" });
        expect(await whoIn(bobs)).to.include({ user: "Bob" });
      });

      it("a logout ends both logins", async () => {
        const { origin, ended } = await siteHere();
        const browser = await annAt(origin, { remember: true });
        await browser.post("/as/2");
        const cookie = await browser.jar.getCookieString(origin);
        await browser.post("/logout");
        expect(ended.slice(2)).to.eql(["1 no longer acts as 2: logged out", "1 logged out: Ann"]);
        expect(await whoIn(browser)).to.eql(NOBODY);
        expect(await whoIn(new Browser(origin, { accept: "application/json", cookie }))).to.eql(NOBODY);
        expect(await recordsOf("1", "2")).to.eql([]);
        expect(await storedBrowsers(opened.store, "1")).to.eql([]);
      });

      it("a logout that finds the impersonation ended, or ends it too late, does not report the end again", async () => {
        const { origin, ended, ann, store } = await siteHere();
        const browser = await annAt(origin);
        await browser.post("/as/2");
        ann.stamp = "2";
        await browser.post("/logout");
        await browser.post("/login/1", { json: {} });
        await browser.post("/as/2");
        let stopping: Promise<unknown> | undefined;
        store.before = (verb) => {
          if (verb !== "destroy" || stopping) return undefined;
          stopping = browser.post("/stop");
          return stopping;
        };
        await browser.post("/logout");
        expect(ended.filter((told) => told.includes("no longer"))).to.eql([
          "1 no longer acts as 2: impersonator",
          "1 no longer acts as 2: stopped",
        ]);
        expect(await recordsOf("1", "2")).to.eql([]);
      });

      const ends: Record<string, (at: Awaited<ReturnType<typeof siteHere>>) => unknown> = {
        "all logins of the user are revoked": ({ login }) => login.sessions.revokeAll("2"),
        "all logins of the administrator are revoked": ({ login }) => login.sessions.revokeAll("1"),
        "the login in the user's list is revoked": async ({ login }) =>
          login.sessions.revoke("2", (await login.sessions.list("2"))[0]!.id),
        "the login in the administrator's list is revoked": async ({ login }) =>
          login.sessions.revoke("1", (await login.sessions.list("1"))[0]!.id),
        "the stamp of the user changes": ({ bob }) => Object.assign(bob, { stamp: "2" }),
        "the stamp of the administrator changes": ({ ann }) => Object.assign(ann, { stamp: "2" }),
        "the user is no longer active": ({ bob }) => Object.assign(bob, { isActive: false }),
        "the administrator is no longer active": ({ ann }) => Object.assign(ann, { isActive: false }),
        "the user is deleted": ({ byId }) => byId.delete("2"),
        "the administrator is deleted": ({ byId }) => byId.delete("1"),
        "the administrator must show a method that was not required before": ({ ann }) => void ann.roles.push("otp"),
        "the administrator's login reaches its absolute timeout": () => clock.tick(20 * MINUTE),
        "nobody uses it for the idle timeout": () => clock.tick(4 * HOUR),
      };
      for (const [what, end] of Object.entries(ends)) {
        it(`ends both logins when ${what}`, async () => {
          const at = await siteHere({
            ...(what.includes("absolute") ? { absoluteTimeout: "80m" } : { absoluteTimeout: "9h" }),
            idleTimeout: "3h",
            requiredMethods: (user) => (user.roles.includes("otp") ? ["otp"] : []),
          });
          const browser = await annAt(at.origin, { remember: true });
          clock.tick(60 * MINUTE);
          await browser.post("/as/2");
          expect(await whoIn(browser)).to.eql(BOB);
          clock.tick(10 * MINUTE);
          expect(await whoIn(browser)).to.eql(BOB);
          await end(at);
          expect(await whoIn(browser), "after the end").to.eql(NOBODY);
          expect(await whoIn(browser), "after the end").to.eql(NOBODY);
          Object.assign(at.ann, { isActive: true, roles: ["admin"] });
          Object.assign(at.bob, { isActive: true });
          expect(await whoIn(browser), "after the end").to.eql(NOBODY);
          const left = (await recordsOf("1", "2")).filter(({ expiresAt }) => expiresAt > Date.now());
          expect(left.map(({ data }) => data)).to.eql([]);
          expect(await at.login.sessions.list("1")).to.eql([]);
        });
      }

      it("leaves no session of the administrator after the application has destroyed that of the user", async () => {
        const at = await siteHere({ session: { unset: "destroy" } });
        const ways: Record<string, (req: Request) => unknown> = {
          destroy: (req) => req.session.destroy(),
          regenerate: (req) => req.session.regenerate(),
          store: (req) => new Promise((done) => req.sessionStore.destroy(req.sessionID, done)),
          unset: (req) => {
            req.session = null as never;
          },
          written: (req) =>
            new Promise((done) => req.sessionStore.set(req.sessionID, { cookie: req.session.cookie }, done)),
        };
        at.app.post("/end/:way", async (req, res) => {
          await ways[req.params.way]!(req);
          res.json(true);
        });
        for (const way of Object.keys(ways)) {
          const [browser, own] = [await annAt(at.origin), await annAt(at.origin)];
          await browser.post("/as/2");
          expect(await recordsOf("1", "2")).to.have.lengthOf(3);
          expect([way, (await browser.post(`/end/${way}`)).status]).to.eql([way, 200]);
          expect([way, (await recordsOf("1", "2")).length]).to.eql([way, 1]);
          await own.post("/end/destroy");
        }
      });

      it("removes the remember cookie, and gives it back at the end with its time", async () => {
        const { origin } = await siteHere();
        const browser = await annAt(origin, { remember: true, duration: "10d" });
        const until = (await storedBrowsers(opened.store, "1"))[0]!.data.until;
        const old = await browser.jar.getCookieString(origin);
        clock.tick(HOUR / 4);
        await browser.post("/as/2");
        expect(await browser.cookie("remember")).to.equal(undefined);
        expect(await whoIn(new Browser(origin, { accept: "application/json", cookie: old }))).to.eql(NOBODY);
        expect(await storedBrowsers(opened.store, "1")).to.eql([]);
        await browser.post("/stop");
        expect((await storedBrowsers(opened.store, "1"))[0]!.data.until).to.equal(until);
        await browser.restart();
        expect(await whoIn(browser)).to.include({ user: "Ann", impersonator: null });
      });

      it("a browser that was closed in the middle is nobody's", async () => {
        const { origin } = await siteHere();
        const browser = await annAt(origin, { remember: true });
        await browser.post("/as/2");
        await browser.restart();
        expect(await whoIn(browser)).to.eql(NOBODY);
      });
    });
  }

  it("the administrator's login does not expire while the impersonation is in use", async () => {
    const { origin } = await impersonationSite({ idleTimeout: "30m" });
    const browser = await annAt(origin);
    await browser.post("/as/2");
    for (let n = 0; n < 6; n++) {
      clock.tick(25 * MINUTE);
      expect(await whoIn(browser)).to.eql(BOB);
    }
    await browser.post("/stop");
    expect(await whoIn(browser)).to.include({ user: "Ann", note: "annsnote" });
  });

  it("asks for the administrator's methods, and not for those of the user", async () => {
    const { origin } = await impersonationSite({ requiredMethods: () => ["otp"] });
    const pending = await annAt(origin, { methods: ["pwd"] });
    expect((await pending.post("/as/2")).status).to.equal(401);
    const browser = await annAt(origin, { methods: ["pwd", "otp"] });
    await browser.post("/as/2");
    expect(await whoIn(browser)).to.eql(BOB);
    await browser.post("/stop");
    expect(await whoIn(browser)).to.eql({ ...ANN, fresh: false });
  });

  it("ends when an identity provider ends the administrator's login, also after a stop", async () => {
    const { origin, login } = await impersonationSite();
    const external = { issuer: "https://op.example", sub: "ann", sid: "1" };
    for (const stops of [false, true]) {
      const browser = await annAt(origin, { external: { ...external, sid: String(stops) } });
      await browser.post("/as/2");
      if (stops) await browser.post("/stop");
      expect(await whoIn(browser)).to.include({ user: stops ? "Ann" : "Bob" });
      expect(await login.sessions.revokeExternal(external.issuer, { sid: String(stops) })).to.equal(1);
      expect(await whoIn(browser)).to.eql(NOBODY);
    }
  });

  it("removes a stateless remember cookie too, and sets a new one at the end", async () => {
    const { origin } = await impersonationSite({ remember: { mode: "stateless" } });
    const browser = await annAt(origin, { remember: true });
    await browser.post("/as/2");
    expect(await browser.cookie("remember")).to.equal(undefined);
    expect(await whoIn(browser)).to.eql(BOB);
    await browser.post("/stop");
    await browser.restart();
    expect(await whoIn(browser)).to.include({ user: "Ann", impersonator: null });
  });

  it("keeps the lifetime of the administrator's cookie", async () => {
    const { app, origin, store } = await impersonationSite();
    app.post("/lifetime", (req, res) => {
      req.session.cookie.maxAge = HOUR;
      res.json(null);
    });
    const browser = await annAt(origin);
    await browser.post("/lifetime");
    const [during] = (await browser.post("/as/2")).cookies;
    expect(during).not.to.match(/expires/i);
    store.before = (verb) => verb === "destroy" && Promise.reject(new Error("out of order"));
    const failed = await browser.post("/stop");
    expect([failed.status, failed.cookies]).to.eql([503, []]);
    store.before = () => undefined;
    const [after] = (await browser.post("/stop")).cookies;
    expect(after).to.match(/expires/i);
  });

  it("calls the store once more for each guarded request, and only while an administrator acts as a user", async () => {
    const { origin, store } = await impersonationSite();
    const browser = await annAt(origin);
    const callsOf = async () => {
      store.calls = [];
      await browser.get("/me");
      return store.calls;
    };
    expect(await callsOf()).to.eql(["read"]);
    await browser.post("/as/2");
    expect(await callsOf()).to.eql(["read", "read"]);
    await browser.post("/stop");
    expect(await callsOf()).to.eql(["read"]);
  });

  it("a request that logs in and impersonates at once has one of the two logins", async () => {
    const { app, origin, ann, bob } = await impersonationSite();
    app.post("/both", async (req, res) => {
      const results = await Promise.allSettled([impersonate(req, bob), loginUser(req, ann)]);
      res.json(results.map(({ status }) => status));
    });
    const browser = await annAt(origin);
    const outcomes = (await browser.post("/both")).json<string[]>();
    expect(outcomes).to.include("fulfilled");
    expect(await whoIn(browser)).to.satisfy(({ user, impersonator }: typeof BOB) =>
      user === "Bob" ? impersonator === "Ann" : user === "Ann" && impersonator === null,
    );
  });
});
