import { expect } from "chai";
import { currentUser } from "latchkey";
import { impersonate, stopImpersonating } from "latchkey/impersonation";
import sinon from "sinon";
import { Gate } from "../support/barrier.js";
import { offerIn } from "../support/device-browser.js";
import { deviceSite, EXPIRED, GRACE, MINUTE, SID, settled } from "../support/device-site.js";
import type { Me } from "../support/site.js";

/** A site where every user may act as any other user. `/slowly/as/:id` waits for the gate before it begins. */
async function actingSite(options: Parameters<typeof deviceSite>[0] = {}) {
  const at = await deviceSite(options);
  const gate = new Gate();
  const act = async (req: Parameters<typeof impersonate>[0]) => impersonate(req, at.byId.get(String(req.params.id))!);
  at.app.post("/as/:id", (req, res, next) => void act(req).then(() => res.json(true), next));
  at.app.post("/slowly/as/:id", (req, res, next) => {
    const begin = async () => {
      await currentUser(req);
      await gate.pass();
      await act(req);
    };
    begin().then(() => res.json(true), next);
  });
  at.app.post("/stop", (req, res, next) => void stopImpersonating(req).then((ended) => res.json(ended), next));
  return { ...at, gate };
}

describe("the device of an administrator who acts as a user", () => {
  let clock: sinon.SinonFakeTimers;
  beforeEach(() => {
    clock = sinon.useFakeTimers({ now: Date.now(), toFake: ["Date"] });
  });
  afterEach(() => sinon.restore());

  for (const remember of [true, false]) {
    it(`is needed if it was bound while the impersonation began, ${remember ? "remembered" : "in a session"}`, async () => {
      const at = await actingSite();
      const browser = at.newBrowser();
      browser.registers = false;
      const login = await browser.post("/login/1", { json: { remember } });
      const acting = browser.post("/slowly/as/2");
      await at.gate.arrived();
      await browser.register(login);
      await browser.get("/me");
      await settled();
      at.gate.open();
      expect((await acting).status).to.equal(200);

      clock.tick(GRACE);
      const sid = `${SID}=${await browser.cookie(SID)}`;
      expect((await at.sendCopy("GET /me", sid)).status, "a copy").to.equal(401);
      expect((await browser.get("/me")).json<Me>().name).to.equal("Bob");
      expect((await browser.get("/bound")).status).to.equal(200);
      expect(offerIn(await browser.post("/stop"))).to.equal(null);
      clock.tick(EXPIRED);
      const after = `${SID}=${await browser.cookie(SID)}`;
      expect((await at.sendCopy("GET /me", after)).status, "a copy afterwards").to.equal(401);
      if (remember) await browser.restart();
      expect((await browser.get("/me")).json<Me>().name).to.equal("Ann");
    });
  }

  it("stays bound afterwards if it was bound during the impersonation", async () => {
    const at = await actingSite();
    const browser = at.newBrowser();
    await browser.post("/login/1", { json: { remember: true } });
    // A request that the browser sent before it got the cookie of the device.
    const cookies = (await browser.copied()).split("; ").filter((one) => !one.includes("device"));
    const { cookie } = await at.sendCopy("POST /as/2", cookies.join("; "));
    await browser.jar.setCookie(`${cookie}; Path=/; Secure; HttpOnly`, at.origin);
    expect((await browser.get("/me")).json<Me>().name).to.equal("Bob");
    await settled();
    clock.tick(2 * MINUTE);
    const stopped = await browser.post("/stop");
    expect(offerIn(stopped), "no second key").to.equal(null);
    const [login] = await at.login.sessions.list("1");
    expect(login!.deviceBound).to.equal(true);
    const sid = `${SID}=${await browser.cookie(SID)}`;
    expect((await at.sendCopy("GET /me", sid)).status).to.equal(401);
    expect((await browser.get("/me")).json<Me>().name).to.equal("Ann");
  });

  for (const onLimit of ["refuse", "end-oldest"] as const) {
    it(`can get lost: the administrator can log in again, and both earlier logins end, ${onLimit}`, async () => {
      const at = await actingSite({ maxSessions: 2, onLimit });
      const reasons: string[] = [];
      at.login.on("impersonationEnded", ({ reason }) => void reasons.push(reason));
      const other = at.newBrowser();
      other.registers = false;
      await other.post("/login/1", { json: {} });
      const browser = await at.bound();
      await browser.post("/as/2");
      browser.sessions.clear();
      clock.tick(EXPIRED);
      expect((await browser.get("/me")).status).to.equal(401);
      expect((await browser.post("/login/1", { json: {} })).status).to.equal(200);
      expect((await browser.get("/me")).json<Me>().name).to.equal("Ann");
      expect((await other.get("/me")).status, "another login stays").to.equal(200);
      expect(await at.login.sessions.list("1")).to.have.length(2);
      expect(await at.login.sessions.list("2")).to.eql([]);
      expect(reasons).to.eql(["revoked"]);
    });
  }

  it("can get lost: a login as the user ends both earlier logins too", async () => {
    const at = await actingSite();
    const browser = await at.bound();
    await browser.post("/as/2");
    browser.sessions.clear();
    clock.tick(EXPIRED);
    await browser.post("/login/2", { json: {} });
    expect(await at.login.sessions.list("1")).to.eql([]);
    expect(await at.login.sessions.list("2")).to.have.length(1);
  });

  it("is not registered during the impersonation, but after it", async () => {
    const at = await actingSite();
    const browser = at.newBrowser();
    browser.registers = false;
    const login = await browser.post("/login/1", { json: {} });
    expect(offerIn(await browser.post("/as/2"))).to.equal(null);
    expect((await browser.register(login))!.status).to.equal(403);
    browser.registers = true;
    await browser.post("/stop");
    expect((await browser.get("/bound")).status).to.equal(200);
  });
});
