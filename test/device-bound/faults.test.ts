import { expect } from "chai";
import { StoreUnavailableError } from "latchkey";
import { deviceBound } from "latchkey/device-bound";
import sinon from "sinon";
import { newKey, offerIn, proofOf } from "../support/device-browser.js";
import { DEVICE, deviceSite, EXPIRED, GRACE, MINUTE, SID, settled } from "../support/device-site.js";
import { storedSessions } from "../support/records.js";
import { WatchedStore } from "../support/watched-store.js";

const away = () => {
  throw new StoreUnavailableError("away");
};

describe("faults of a login that is bound to a device", () => {
  let clock: sinon.SinonFakeTimers;
  beforeEach(() => {
    clock = sinon.useFakeTimers({ now: Date.now(), toFake: ["Date"] });
  });
  afterEach(() => sinon.restore());

  for (const json of [{}, { remember: true }]) {
    const what = "remember" in json ? "of a remembered browser" : "of a session";
    it(`the store is away at any call of a registration ${what}: 503, and the login goes on without a device`, async () => {
      for (let at = 1; ; at++) {
        const here = await deviceSite();
        const browser = here.newBrowser();
        browser.registers = false;
        const answer = await browser.post("/login/1", { json });
        let call = 0;
        here.store.before = () => (++call === at ? away() : undefined);
        const registered = await browser.register(answer);
        here.store.before = () => undefined;
        if (call < at) {
          expect(at).to.equal("remember" in json ? 5 : 3);
          break;
        }
        expect(registered!.status, `call ${at}`).to.equal(503);
        expect(registered!.cookies).to.eql([]);
        clock.tick(60 * MINUTE);
        expect((await browser.get("/me")).status).to.equal(200);
        const again = await browser.register(await browser.post("/confirm"));
        expect(again!.status, "the next offer").to.equal(200);
      }
    });
  }

  for (const restarts of [false, true]) {
    it(`the store is away at any call of a refresh ${restarts ? "after a restart" : ""}: 503, and the browser tries again`, async () => {
      for (let at = 1; ; at++) {
        const here = await deviceSite();
        const browser = await here.bound();
        const [session] = [...browser.sessions.values()];
        clock.tick(EXPIRED);
        if (restarts) await browser.restart();
        let call = 0;
        here.store.before = () => (++call === at ? away() : undefined);
        const isAnswered = await browser.refresh(session!);
        here.store.before = () => undefined;
        if (call < at) {
          expect(at).to.be.within(3, 5);
          break;
        }
        expect(isAnswered, `call ${at}`).to.equal(false);
        expect(browser.own.at(-1)).to.eql(["/device-bound/refresh", 503]);
        expect((await browser.get("/me")).status).to.equal(200);
      }
    });
  }

  it("the user loader fails during a refresh: no status 4xx, and the browser tries again", async () => {
    let fails = false;
    const at = await deviceSite({
      userLoader: () => {
        if (fails) throw new Error("the database is away");
        return at.ann;
      },
    });
    const browser = await at.bound();
    clock.tick(EXPIRED);
    fails = true;
    await browser.refresh([...browser.sessions.values()][0]!);
    expect(browser.own.at(-1)).to.eql(["/device-bound/refresh", 500]);
    fails = false;
    expect((await browser.get("/me")).status).to.equal(200);
  });

  it("the user loader fails with a status of its own: no status 4xx, and the browser keeps its key", async () => {
    let error: Error | undefined;
    const at = await deviceSite({
      userLoader: () => {
        if (error) throw error;
        return at.ann;
      },
    });
    const browser = await at.bound();
    clock.tick(EXPIRED);
    for (const name of ["status", "statusCode"]) {
      error = Object.assign(new Error("not found"), { [name]: 404 });
      await browser.refresh([...browser.sessions.values()][0]!);
      expect(browser.own.at(-1)).to.eql(["/device-bound/refresh", 500]);
    }
    error = undefined;
    expect((await browser.get("/me")).status).to.equal(200);
  });

  it("the process stops between the records: the next refresh repairs the session", async () => {
    const at = await deviceSite();
    const browser = at.newBrowser();
    browser.registers = false;
    const offer = offerIn(await browser.post("/login/1", { json: { remember: true } }))!;
    const made = await newKey();
    at.store.before = (verb) => (verb === "update" ? away() : undefined);
    const proof = await proofOf(offer.challenge, made, { jwk: made.jwk });
    const { status } = await browser.post(offer.path, { headers: { "secure-session-response": proof } });
    expect(status).to.equal(503);
    at.store.before = () => undefined;
    const [record] = (await at.store.listByUser("1", { kind: "browser", limit: 9 })).records;
    const { device } = record!.data.login as { device: { id: string } };
    browser.sessions.set(device.id, {
      ...{ id: device.id, refreshUrl: "/device-bound/refresh", cookie: DEVICE, challenge: undefined, ...made },
    });
    expect((await browser.get("/me")).status).to.equal(200);
    const [session] = await storedSessions(at.store.inner, "1");
    expect((session!.data.auth as { device: object }).device).to.include({ id: device.id, boundAt: Date.now() });
  });

  it("an older request saves the session meanwhile: the login keeps its device", async () => {
    const at = await deviceSite({ sessionProtection: "basic" });
    const browser = at.newBrowser();
    browser.registers = false;
    const answer = await browser.post("/login/1", { json: {} });
    // Another client makes the login no longer fresh, which changes the login itself.
    let registering: Promise<unknown> | undefined;
    at.store.before = (verb) => {
      if (verb !== "update" || registering) return undefined;
      registering = browser.register(answer);
      return registering;
    };
    const { status } = await browser.get("/me", { headers: { "user-agent": "another" } });
    await registering;
    at.store.before = () => undefined;
    expect(status).to.equal(200);
    const [session] = await storedSessions(at.store.inner, "1");
    expect(session!.data.auth).to.include({ freshAt: null }).and.to.have.property("device");
    await browser.get("/me");
    await settled();
    expect((await at.login.sessions.list("1"))[0]).to.include({ deviceBound: true });
  });

  it("secrets rotate: cookies and challenges of the older secret are accepted", async () => {
    const store = new WatchedStore();
    const [first, second] = [
      "the first secret, of 32 characters or more",
      "the second secret, of 32 characters or more",
    ];
    const before = await deviceSite({ store, secret: first });
    const browser = await before.bound();
    const after = await deviceSite({ store, secret: [second, first] });
    Object.assign(browser, { origin: after.origin });
    clock.tick(GRACE);
    expect((await browser.get("/bound")).status).to.equal(200);
    clock.tick(EXPIRED);
    expect((await browser.get("/bound")).status).to.equal(200);
    const done = await deviceSite({ store, secret: second });
    Object.assign(browser, { origin: done.origin });
    expect((await browser.get("/bound")).status).to.equal(200);
  });

  it("the clock is set back after the login: the browser keeps its key, and the login is restored", async () => {
    const at = await deviceSite();
    const browser = await at.bound();
    clock.setSystemTime(Date.now() - 5 * MINUTE);
    await browser.get("/me"); // removes the cookie, which is of the future
    expect((await browser.get("/me")).status).to.equal(200);
    clock.tick(6 * MINUTE);
    expect((await browser.get("/me")).status).to.equal(200);
    expect((await browser.get("/bound")).status).to.equal(200);
    expect(browser.sessions.size).to.equal(1);
  });

  it("a clock of a server is ahead: a page that writes to the session does not replace the login's session", async () => {
    const at = await deviceSite();
    const browser = await at.bound({});
    const [sid, copy] = [await browser.cookie(SID), await browser.copied()];
    clock.tick(EXPIRED);
    const { headers } = await at.sendCopy("POST /note/x", copy);
    expect(String(headers["set-cookie"])).to.match(/^__Host-device=; /);
    const navigate = { "sec-fetch-mode": "navigate", "sec-fetch-site": "cross-site" };
    const arrived = await at.sendCopy("GET /me", copy, { headers: navigate });
    expect(String(arrived.headers["set-cookie"]), "so that the second request refreshes").to.match(/^__Host-device=; /);
    await browser.get("/note");
    expect(await browser.cookie(SID)).to.equal(sid);
  });

  it("a page of another origin writes to the session: it does not replace the login's session", async () => {
    const at = await deviceSite({ session: { cookie: { secure: true, sameSite: "none" } } });
    const browser = await at.bound({});
    clock.tick(EXPIRED);
    const copy = `${SID}=${await browser.cookie(SID)}`;
    for (const site of ["cross-site", "same-site"]) {
      const headers = { "sec-fetch-site": site, "sec-fetch-mode": "cors" };
      const { headers: sent, text } = await at.sendCopy("POST /note/x", copy, { headers });
      expect([sent["set-cookie"], text]).to.eql([undefined, "noted"]);
    }
    const { headers } = await at.sendCopy("POST /note/x", copy, { headers: { "sec-fetch-site": "same-origin" } });
    expect(String(headers["set-cookie"])).to.match(/^__Host-sid=/);
  });

  it("a cookie that is not valid is removed, so that the browser asks for another", async () => {
    const at = await deviceSite();
    const browser = await at.bound();
    clock.tick(GRACE);
    await browser.jar.setCookie(`${DEVICE}=x; Path=/; Secure; HttpOnly`, at.origin);
    expect((await browser.get("/me")).status).to.equal(401);
    expect(await browser.cookie(DEVICE)).to.equal(undefined);
    expect((await browser.get("/me")).status).to.equal(200);
  });

  it("some instances have the option and some do not: nobody is logged out", async () => {
    const store = new WatchedStore();
    const [has, lacks] = [await deviceSite({ store }), await deviceSite({ store, deviceBound: undefined })];
    const answering = await deviceSite({ store, deviceBound: deviceBound({ register: false }) });
    const browser = await has.bound();
    const ask = async (origin: string, line: "/me" | "/confirm") => {
      Object.assign(browser, { origin });
      return (await browser.send(line === "/me" ? "GET" : "POST", line)).status;
    };
    for (let round = 0; round < 3; round++) {
      expect(await ask(lacks.origin, "/me")).to.equal(200);
      expect(await ask(lacks.origin, "/confirm")).to.equal(200); // writes all records of the login
      expect(await ask(has.origin, "/me")).to.equal(200);
      clock.tick(EXPIRED);
      expect(await ask(answering.origin, "/me")).to.equal(200);
    }
    expect((await has.login.sessions.list("1"))[0]).to.include({ deviceBound: true });
    const sid = `${SID}=${await browser.cookie(SID)}`;
    expect((await has.sendCopy("GET /me", sid)).status).to.equal(401);
    const other = answering.newBrowser();
    await other.post("/login/1", { json: {} });
    expect(other.sessions.size, "offers no registration").to.equal(0);
  });

  it("the session of a visitor is kept apart from the login that was refused", async () => {
    const at = await deviceSite();
    const browser = await at.bound({});
    await browser.post("/note/hers");
    browser.sessions.clear();
    clock.tick(EXPIRED);
    await browser.post("/note/visitors");
    await browser.post("/login/2");
    expect((await browser.get("/note")).json()).to.equal("visitors");
    expect(await at.store.countOf("1"), "the login of the other user stays").to.equal(1);
  });
});
