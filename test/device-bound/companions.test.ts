import { expect } from "chai";
import express, { type Request, type RequestHandler } from "express";
import { confirmLogin, refreshStamp } from "latchkey";
import { deviceBound } from "latchkey/device-bound";
import { impersonate, stopImpersonating } from "latchkey/impersonation";
import sinon from "sinon";
import { DeviceBrowser, offerIn } from "../support/device-browser.js";
import {
  behindProxy,
  DEVICE,
  deviceSite,
  EXPIRED,
  GRACE,
  MINUTE,
  REMEMBER,
  SECURE,
  SID,
  settled,
} from "../support/device-site.js";
import type { Me } from "../support/site.js";
import { socketSite } from "../support/sockets.js";

const act = (verb: (req: Request) => Promise<unknown>): RequestHandler => {
  return (req, res, next) => void verb(req).then((done) => res.json(done ?? null), next);
};

describe("a device", () => {
  let clock: sinon.SinonFakeTimers;
  beforeEach(() => {
    clock = sinon.useFakeTimers({ now: Date.now(), toFake: ["Date"] });
  });
  afterEach(() => sinon.restore());

  it("of an administrator is needed for the impersonation too, and stays after it", async () => {
    const at = await deviceSite();
    at.app.post(
      "/as/:id",
      act((req) => impersonate(req, at.byId.get(String(req.params.id))!)),
    );
    at.app.post("/stop", act(stopImpersonating));
    const browser = await at.bound();
    expect(offerIn(await browser.post("/as/2")), "no registration").to.equal(null);
    clock.tick(GRACE);
    const sid = `${SID}=${await browser.cookie(SID)}`;
    expect((await at.sendCopy("GET /me", sid)).status).to.equal(401);
    clock.tick(EXPIRED);
    expect((await browser.get("/me")).json<Me>().name).to.equal("Bob");
    expect((await browser.get("/bound")).status).to.equal(200);
    await browser.post("/stop");
    clock.tick(EXPIRED);
    await browser.restart();
    expect((await browser.get("/me")).json<Me>()).to.include({ name: "Ann", remembered: true });
    await browser.post("/as/2");
    await at.login.sessions.revokeAll("1");
    clock.tick(EXPIRED);
    expect((await browser.get("/me")).status).to.equal(401);
    expect(browser.sessions.size).to.equal(0);
  });

  it("of a login with a second factor is registered when the login is complete", async () => {
    const at = await deviceSite({ requiredMethods: () => ["otp"] });
    at.app.post(
      "/otp",
      act((req) => confirmLogin(req, { methods: ["otp"] })),
    );
    const browser = at.newBrowser();
    expect(offerIn(await browser.post("/login/1", { json: { methods: ["pwd"], remember: true } }))).to.equal(null);
    expect(offerIn(await browser.post("/otp"))).to.not.equal(null);
    expect((await browser.get("/bound")).status).to.equal(200);
    await settled();
    clock.tick(EXPIRED);
    await browser.restart();
    expect((await browser.get("/bound")).status).to.equal(200);
  });

  it("stays when the stamp is refreshed, also in the record of the browser", async () => {
    const at = await deviceSite();
    at.app.post(
      "/password",
      act(async (req) => {
        await at.login.currentUser(req);
        at.ann.stamp += "x";
        await refreshStamp(req);
      }),
    );
    const browser = await at.bound();
    const other = await at.bound();
    expect(offerIn(await browser.post("/password"))).to.equal(null);
    clock.tick(EXPIRED);
    expect((await other.get("/me")).status).to.equal(401);
    const copy = `${REMEMBER}=${await browser.cookie(REMEMBER)}`;
    expect((await at.sendCopy("GET /me", copy)).status).to.equal(401);
    await browser.restart();
    expect((await browser.get("/me")).status).to.equal(200);
  });

  it("of another user gives way to the next login in the browser", async () => {
    const at = await deviceSite();
    const browser = await at.bound();
    clock.tick(MINUTE);
    await browser.post("/login/2", { json: { remember: true } });
    await browser.get("/me");
    await settled();
    clock.tick(EXPIRED);
    expect((await browser.get("/me")).json<Me>().name).to.equal("Bob");
    expect(browser.sessions.size, "the browser has deleted the other key").to.equal(1);
    expect(await at.login.sessions.list("1")).to.eql([]);
  });

  it("has a login under each of two managers, and each ends for itself", async () => {
    const at = await deviceSite();
    const staff = await deviceSite({ realm: "staff", store: at.store }, (login, app) => {
      behindProxy(login, app);
      app.use((req, res) => at.app(req, res)); // the routes of the other site, on the same host
    });
    // The routes of the first site come after those of the second, so the browser logs in by the managers themselves.
    const app = express();
    app.set("env", "test");
    app.set("trust proxy", true);
    at.login.init(app);
    staff.login.init(app);
    app.post(
      "/in",
      act((req) => Promise.all([at.login.loginUser(req, at.ann), staff.login.loginUser(req, at.bob)])),
    );
    app.get(
      "/who",
      act((req) =>
        Promise.all(
          [at.login.currentUser(req), staff.login.currentUser(req)].map(
            async (one) => ((await one) as { name?: string }).name ?? null,
          ),
        ),
      ),
    );
    const { serve } = await import("../support/server.js");
    const browser = new DeviceBrowser(await serve(app));
    browser.registers = false;
    const answer = await browser.post("/in");
    const offers = answer.headers.get("secure-session-registration")!.split(", ");
    expect(offers).to.have.length(2);
    for (const offer of offers) {
      await browser.register({ ...answer, headers: new Headers({ "secure-session-registration": offer }) });
    }
    expect((await browser.get("/who")).json()).to.eql(["Ann", "Bob"]);
    await settled();
    const copied = (await browser.copied()).split("; ");
    clock.tick(EXPIRED);
    expect((await browser.get("/who")).json()).to.eql(["Ann", "Bob"]);
    const now = (await browser.copied()).split("; ");
    const mixed = [
      ...copied.filter((one) => !one.includes("device")),
      ...now.filter((one) => one.startsWith("__Host-device")),
    ];
    const seen = await (
      await fetch(`${browser.origin}/who`, { headers: { cookie: mixed.join("; "), "x-forwarded-proto": "https" } })
    ).json();
    expect(seen).to.eql(["Ann", null]);
    await staff.login.sessions.revokeAll("2");
    clock.tick(EXPIRED);
    expect((await browser.get("/who")).json()).to.eql(["Ann", null]);
    expect(browser.sessions.size).to.equal(1);
  });

  it("is needed for a WebSocket, and an open one lives on with its old cookie until the login ends", async () => {
    const at = await socketSite({ ...SECURE, deviceBound: deviceBound() }, { mount: behindProxy });
    const browser = new DeviceBrowser(at.origin);
    await browser.post("/login/1", { json: { remember: true } });
    await browser.get("/me");
    await settled();
    clock.tick(GRACE);
    const cookie = await browser.copied();
    const without = cookie.split("; ").filter((one) => !one.startsWith(DEVICE));
    for (const copy of [without.join("; "), ...without]) expect((await at.open({ cookie: copy })).who).to.equal(null);
    const socket = await at.open({ cookie });
    expect(socket.who).to.equal("Ann");
    clock.tick(60 * MINUTE);
    expect(await socket.again()).to.equal("Ann");
    expect((await at.open({ cookie })).who).to.equal(null);
    expect((await at.open({ cookie: without[1]! })).who, "the remember cookie alone").to.equal(null);
    await browser.get("/me");
    expect((await at.open({ cookie: await browser.copied() })).who).to.equal("Ann");
    await at.login.sessions.revokeAll("1");
    expect(await socket.again()).to.equal(null);
  });
});
