import { expect } from "chai";
import sinon from "sinon";
import { deviceSite, EXPIRED } from "../support/device-site.js";
import type { Me } from "../support/site.js";

const NAVIGATE = { "sec-fetch-mode": "navigate", "sec-fetch-site": "cross-site" };

describe("a link on another site to a page of a login that is bound to a device", () => {
  let clock: sinon.SinonFakeTimers;
  beforeEach(() => {
    clock = sinon.useFakeTimers({ now: Date.now(), toFake: ["Date"] });
  });
  afterEach(() => sinon.restore());

  for (const site of ["cross-site", "same-site"] as const) {
    it(`shows the page of the user, from a ${site} page`, async () => {
      const at = await deviceSite();
      const browser = await at.bound();
      clock.tick(EXPIRED);
      expect((await browser.arrive("/me", site)).json<Me>().name).to.equal("Ann");
      clock.tick(EXPIRED);
      await browser.restart();
      expect((await browser.arrive("/me", site)).json<Me>()).to.include({ name: "Ann", remembered: true });
      clock.tick(60_000);
      expect((await browser.arrive("/me", site)).json<Me>().name).to.equal("Ann");
      expect(at.told.filter((one) => /refused|Token/.test(one))).to.eql([]);
    });
  }

  it("answers with a page that loads itself again, once, and shows nothing of the user", async () => {
    const at = await deviceSite();
    const browser = await at.bound();
    const copy = await browser.copied();
    clock.tick(EXPIRED);
    const first = await at.sendCopy("GET /me", copy, { headers: NAVIGATE });
    expect([first.status, first.text]).to.eql([
      200,
      '<!doctype html><script>location.reload()</script><noscript><a href="">Continue</a></noscript>',
    ]);
    expect(first.headers["content-security-policy"]).to.match(/^default-src 'none'; script-src 'sha256-[^']+'$/);
    expect(first.headers["cache-control"]).to.equal("no-store");
    expect(first.cookie).to.equal("");
    const again = await at.sendCopy("GET /me", copy, { headers: { ...NAVIGATE, "sec-fetch-site": "same-origin" } });
    expect(again.status).to.equal(401);
    for (const headers of [
      { ...NAVIGATE, "sec-fetch-mode": "no-cors" },
      {},
      { ...NAVIGATE, "sec-fetch-site": "none" },
    ]) {
      expect((await at.sendCopy("GET /me", copy, { headers })).status).to.equal(401);
    }
    expect((await at.sendCopy("POST /note/x", copy, { headers: NAVIGATE })).text).to.equal("noted");
  });

  it("changes nothing for logins without a device, visitors, and a cookie that is in time", async () => {
    const at = await deviceSite();
    const browser = at.newBrowser();
    browser.registers = false;
    await browser.post("/login/1", { json: { remember: true } });
    const ask = async (line: string, cookie: string) => {
      const { status, text } = await at.sendCopy(line, cookie, { headers: NAVIGATE });
      expect(text).to.not.include("reload");
      return status;
    };
    expect(await ask("GET /me", await browser.copied())).to.equal(200);
    await browser.restart();
    expect(await ask("GET /me", await browser.copied())).to.equal(200);
    expect(await ask("GET /me", "")).to.equal(401);
    expect(await ask("GET /me", "__Host-remember=x; __Host-sid=y")).to.equal(401);
    expect(await ask("GET /me", await (await at.bound()).copied())).to.equal(200);
    at.store.before = () => {
      throw new Error("away");
    };
    expect(await ask("GET /me", await browser.copied())).to.equal(503);
  });
});
