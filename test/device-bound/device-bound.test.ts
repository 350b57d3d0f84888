import { expect } from "chai";
import sinon from "sinon";
import { challengeIn, offerIn } from "../support/device-browser.js";
import { DEVICE, deviceSite, EXPIRED, GRACE, MINUTE, REMEMBER, SID, settled } from "../support/device-site.js";
import type { Me } from "../support/site.js";

describe("a login that is bound to a device", () => {
  let clock: sinon.SinonFakeTimers;
  beforeEach(() => {
    clock = sinon.useFakeTimers({ now: Date.now(), toFake: ["Date"] });
  });
  afterEach(() => sinon.restore());

  for (const alg of ["ES256", "RS256"] as const) {
    it(`begins with a registration after the login, with a key for ${alg}`, async () => {
      const at = await deviceSite();
      const browser = at.newBrowser();
      Object.assign(browser, { alg, registers: false });
      const answer = await browser.post("/login/1", { json: { remember: true } });
      expect(offerIn(answer)).to.include({ path: "/device-bound/registration" });
      const registered = (await browser.register(answer))!;
      expect(registered.status).to.equal(200);
      const [session] = [...browser.sessions.values()];
      expect(registered.json()).to.eql({
        session_identifier: session!.id,
        refresh_url: "/device-bound/refresh",
        scope: { include_site: false, scope_specification: [] },
        credentials: [{ type: "cookie", name: DEVICE, attributes: "Path=/; Secure; HttpOnly; SameSite=Lax" }],
      });
      expect(registered.cookies).to.have.length(1);
      expect(registered.cookies[0]).to.match(
        /^__Host-device=[\w.-]+; Max-Age=600; Path=\/; Expires=[^;]+; HttpOnly; Secure; SameSite=Lax$/,
      );
      expect(challengeIn(registered)).to.be.a("string");
      expect(registered.headers.get("cache-control")).to.equal("private, no-store");
      expect((await browser.get("/me")).json<Me>().name).to.equal("Ann");
      expect(at.told).to.eql(["deviceRegistered"]);
    });
  }

  it("needs the cookie of the device, and the browser gets a new one before it expires or after it", async () => {
    const at = await deviceSite();
    const browser = await at.bound();
    const cookie = await browser.cookie(DEVICE);
    clock.tick(9 * MINUTE);
    await browser.refresh([...browser.sessions.values()][0]!);
    expect(await browser.cookie(DEVICE)).to.not.equal(cookie);
    expect(
      browser.own.map(([, status]) => status),
      "the challenge came with the registration",
    ).to.eql([200, 200]);
    clock.tick(EXPIRED);
    expect((await browser.get("/me")).status).to.equal(200);
    expect(browser.own.slice(2)).to.eql([["/device-bound/refresh", 200]]);
    [...browser.sessions.values()][0]!.challenge = undefined;
    clock.tick(EXPIRED);
    expect((await browser.get("/me")).status).to.equal(200);
    expect(browser.own.slice(3).map(([, status]) => status)).to.eql([403, 200]);
    clock.tick(20 * MINUTE); // the challenge has expired too
    expect((await browser.get("/me")).status).to.equal(200);
    expect(browser.own.slice(5).map(([, status]) => status)).to.eql([403, 200]);
    expect(at.told.filter((one) => one !== "deviceRefreshed")).to.eql(["deviceRegistered"]);
  });

  it("is a login of nobody without the cookie, and the session stays", async () => {
    const at = await deviceSite();
    const browser = await at.bound({});
    await browser.post("/note/hers");
    const sid = `${SID}=${await browser.cookie(SID)}`;
    clock.tick(GRACE);
    expect((await at.sendCopy("GET /me", sid)).status).to.equal(401);
    expect((await at.sendCopy("GET /note", sid)).text, "the values of the session").to.equal("null");
    expect((await at.sendCopy("GET /bound", sid)).status).to.equal(401);
    expect(at.told.slice(1)).to.eql(["refused: no cookie", "refused: no cookie", "refused: no cookie"]);
    expect((await browser.get("/note")).json()).to.equal("hers");
    expect((await browser.get("/bound")).text).to.equal("bound");
    expect(await at.store.countOf("1")).to.equal(1);
  });

  it("is served for some seconds without the cookie, to requests that were on their way", async () => {
    const at = await deviceSite();
    const browser = await at.bound({});
    const sid = `${SID}=${await browser.cookie(SID)}`;
    clock.tick(GRACE - 1);
    expect((await at.sendCopy("GET /me", sid)).status).to.equal(200);
    expect((await at.sendCopy("GET /bound", sid)).status).to.equal(403);
    clock.tick(1);
    expect((await at.sendCopy("GET /me", sid)).status).to.equal(401);
  });

  it("is not bound before the browser has sent the cookie, because the response may be lost", async () => {
    const at = await deviceSite();
    const lost = at.newBrowser();
    await lost.post("/login/1", { json: { remember: true } });
    lost.sessions.clear();
    const [sid, remember] = [await lost.cookie(SID), await lost.cookie(REMEMBER)];
    const cookies = `${SID}=${sid}; ${REMEMBER}=${remember}`;
    clock.tick(20 * MINUTE);
    expect((await at.sendCopy("GET /me", cookies)).status).to.equal(200);
    expect((await at.login.sessions.list("1")).map((one) => one.deviceBound)).to.eql([false]);
    // The next restore offers another registration, and its key replaces the one that was never used.
    const again = at.newBrowser();
    await again.jar.setCookie(`${REMEMBER}=${remember}; Path=/; Secure`, at.origin);
    clock.tick(25 * 60 * MINUTE);
    expect((await again.get("/me")).status).to.equal(200);
    expect(again.sessions.size).to.equal(1);
    await again.get("/me");
    await settled();
    expect((await at.login.sessions.list("1")).filter((one) => one.deviceBound)).to.have.length(1);
  });

  it("is restored after a restart of the browser, with the proof alone", async () => {
    const at = await deviceSite();
    const browser = await at.bound();
    const { id } = (await at.login.sessions.list("1"))[0]!;
    clock.tick(60 * MINUTE);
    await browser.restart();
    expect((await browser.get("/me")).json()).to.eql({ name: "Ann", fresh: false, remembered: true });
    expect(browser.own.slice(1)).to.eql([
      ["/device-bound/refresh", 403],
      ["/device-bound/refresh", 200],
    ]);
    const logins = await at.login.sessions.list("1");
    expect(logins).to.have.length(1);
    expect(logins[0]).to.include({ id, deviceBound: true });
    expect(logins[0]!.boundAt).to.be.lessThan(Date.now() - 59 * MINUTE);
    expect(offerIn(await browser.get("/me")), "no second key").to.equal(null);
  });

  it("restores nothing without the proof, uses no token up and raises no alarm", async () => {
    const at = await deviceSite();
    const browser = await at.bound();
    const copy = `${REMEMBER}=${await browser.cookie(REMEMBER)}`;
    clock.tick(EXPIRED);
    at.told.length = 0;
    const answer = await at.sendCopy("GET /me", copy);
    expect(answer.status).to.equal(401);
    expect(answer.headers["set-cookie"], "the cookie stays").to.equal(undefined);
    await browser.restart();
    await browser.get("/me");
    clock.tick(5 * MINUTE);
    expect((await at.sendCopy("GET /me", copy)).status, "a used-up token").to.equal(401);
    clock.tick(EXPIRED);
    await browser.restart();
    expect((await browser.get("/me")).status).to.equal(200);
    expect((await at.sendCopy("GET /me", copy)).status, "an older token").to.equal(401);
    expect(at.told.filter((one) => /Token|ended/.test(one))).to.eql([]);
    expect((await browser.get("/me")).status).to.equal(200);
  });

  it("keeps its device when it is confirmed, and the proof does not make it fresh", async () => {
    const at = await deviceSite({ freshFor: "5m" });
    const browser = await at.bound();
    clock.tick(60 * MINUTE);
    expect((await browser.get("/me")).json<Me>().fresh).to.equal(false);
    const answer = await browser.post("/confirm");
    expect(offerIn(answer)).to.equal(null);
    expect((await browser.get("/me")).json<Me>().fresh).to.equal(true);
    clock.tick(6 * MINUTE);
    await browser.refresh([...browser.sessions.values()][0]!);
    expect((await browser.get("/me")).json<Me>().fresh).to.equal(false);
    expect((await at.login.sessions.list("1"))[0]).to.include({ deviceBound: true });
  });

  for (const [what, end] of Object.entries<(at: Awaited<ReturnType<typeof deviceSite>>, copy: string) => unknown>({
    "a logout elsewhere": (at, copy) => at.sendCopy("POST /logout", copy),
    "a revocation": (at) => at.login.sessions.revokeAll("1"),
    "a change of the stamp": (at) => Object.assign(at.ann, { stamp: "2" }),
    "the end of the user": (at) => at.byId.delete("1"),
  })) {
    it(`ends with ${what}: the next refresh tells the browser to delete its key`, async () => {
      const at = await deviceSite();
      const browser = await at.bound();
      await end(at, await browser.copied());
      clock.tick(EXPIRED);
      expect((await browser.get("/me")).status).to.equal(401);
      expect(browser.own.slice(1)).to.eql([["/device-bound/refresh", 200]]);
      expect(browser.sessions.size).to.equal(0);
      at.ann.stamp = "1";
      at.byId.set("1", at.ann);
      clock.tick(MINUTE);
      if (what !== "a change of the stamp" && what !== "the end of the user")
        expect((await browser.get("/me")).status).to.equal(401);
    });
  }

  it("leaves browsers as they are that do not register keys", async () => {
    const at = await deviceSite();
    const browser = at.newBrowser();
    browser.registers = false;
    await browser.post("/login/1", { json: { remember: true } });
    clock.tick(60 * MINUTE);
    expect((await browser.get("/me")).status).to.equal(200);
    await browser.restart();
    expect((await browser.get("/me")).status).to.equal(200);
    expect((await browser.get("/bound")).status).to.equal(403);
    expect(at.told).to.eql(["loadedFromCookie"]);
  });

  it("is replaced by the next login of the user in a browser that has lost its key", async () => {
    const at = await deviceSite();
    const browser = await at.bound();
    browser.sessions.clear();
    clock.tick(EXPIRED);
    expect((await browser.get("/me")).status).to.equal(401);
    await browser.post("/login/1", { json: { remember: true } });
    expect((await browser.get("/me")).status).to.equal(200);
    expect(await at.login.sessions.list("1")).to.have.length(1);
    expect(browser.sessions.size).to.equal(1);
  });

  it("is ended by a logout in a browser that has lost its key", async () => {
    const at = await deviceSite();
    const browser = await at.bound();
    browser.sessions.clear();
    clock.tick(EXPIRED);
    expect((await browser.post("/logout")).status).to.equal(200);
    expect(await at.login.sessions.list("1")).to.eql([]);
    expect(await browser.cookie(SID)).to.equal(undefined);
    expect(await browser.cookie(REMEMBER)).to.equal(undefined);
  });

  it("keeps its session cookie if the browser could not refresh, also when the page writes to the session", async () => {
    const at = await deviceSite();
    const browser = await at.bound({});
    const sid = await browser.cookie(SID);
    clock.tick(EXPIRED);
    at.store.before = (verb) => {
      if (verb.startsWith("proof.")) throw new Error("away");
    };
    expect((await browser.post("/note/nobody")).status).to.equal(200);
    expect(browser.own.slice(1)).to.eql([["/device-bound/refresh", 503]]);
    expect(await browser.cookie(SID)).to.equal(sid);
    at.store.before = () => undefined;
    expect((await browser.get("/me")).status).to.equal(200);
    // A browser without the key gets a session of its own, for example for the token of a login form.
    browser.sessions.clear();
    clock.tick(EXPIRED);
    await browser.post("/note/visitor");
    expect((await browser.get("/note")).json()).to.equal("visitor");
  });
});
