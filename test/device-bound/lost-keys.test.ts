import { expect } from "chai";
import { confirmLogin, loginUser } from "latchkey";
import sinon from "sinon";
import { deviceSite, EXPIRED, settled } from "../support/device-site.js";

describe("a browser that has lost the key of its login", () => {
  let clock: sinon.SinonFakeTimers;
  beforeEach(() => {
    clock = sinon.useFakeTimers({ now: Date.now(), toFake: ["Date"] });
  });
  afterEach(() => sinon.restore());

  for (const json of [{}, { remember: true }]) {
    for (const onLimit of ["refuse", "end-oldest"] as const) {
      it(`can log in again when its user has the most logins, ${"remember" in json ? "remembered" : "in a session"}, ${onLimit}`, async () => {
        const at = await deviceSite({ maxSessions: 2, onLimit });
        const other = at.newBrowser();
        other.registers = false;
        await other.post("/login/1", { json: {} });
        const browser = await at.bound(json);
        browser.sessions.clear();
        clock.tick(EXPIRED);
        expect((await browser.get("/me")).status).to.equal(401);
        expect((await browser.post("/login/1", { json })).status).to.equal(200);
        expect((await browser.get("/me")).status).to.equal(200);
        expect((await other.get("/me")).status, "another login stays").to.equal(200);
        expect(await at.login.sessions.list("1")).to.have.length(2);
      });
    }
  }

  it("replaces the login also with a second factor", async () => {
    const at = await deviceSite({ requiredMethods: () => ["otp"] });
    at.app.post("/full", async (req, res) => void res.json(await loginUser(req, at.ann, { methods: ["otp"] })));
    at.app.post("/otp", async (req, res) => {
      await confirmLogin(req, { methods: ["otp"] });
      res.send("complete");
    });
    const browser = at.newBrowser();
    await browser.post("/full");
    await browser.get("/me");
    await settled();
    browser.sessions.clear();
    clock.tick(EXPIRED);
    expect((await browser.get("/me")).status).to.equal(401);
    await browser.post("/login/1", { json: {} });
    expect(browser.sessions.size, "no key before the login is complete").to.equal(0);
    await browser.post("/otp");
    expect((await browser.get("/me")).status).to.equal(200);
    expect(await at.login.sessions.list("1")).to.have.length(1);
    expect(browser.sessions.size).to.equal(1);
  });

  it("leaves the login of another user alone", async () => {
    const at = await deviceSite({ maxSessions: 1, onLimit: "refuse" });
    const browser = await at.bound();
    browser.sessions.clear();
    clock.tick(EXPIRED);
    expect((await browser.post("/login/2", { json: {} })).status).to.equal(200);
    expect(await at.login.sessions.list("1")).to.have.length(1);
  });
});
