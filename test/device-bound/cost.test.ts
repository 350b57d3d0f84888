import { expect } from "chai";
import sinon from "sinon";
import { DeviceBrowser, offerIn } from "../support/device-browser.js";
import { deviceSite, EXPIRED, settled } from "../support/device-site.js";

describe("the store calls of device-bound logins", () => {
  let clock: sinon.SinonFakeTimers;
  beforeEach(() => {
    clock = sinon.useFakeTimers({ now: Date.now(), toFake: ["Date"] });
  });
  afterEach(() => sinon.restore());

  /** The calls of one step after another, with or without the option, in a browser that registers no keys. */
  async function callsOf(options: Parameters<typeof deviceSite>[0]): Promise<Record<string, string[]>> {
    const at = await deviceSite(options);
    const browser = at.newBrowser();
    browser.registers = false;
    const calls: Record<string, string[]> = {};
    const step = async (name: string, run: () => Promise<unknown>) => {
      at.store.calls = [];
      await run();
      await settled();
      calls[name] = at.store.calls;
    };
    await step("a visitor", () => browser.get("/public"));
    await step("a guard", () => browser.get("/me"));
    await step("login", () => browser.post("/login/1", { json: { remember: true } }));
    await step("a page", () => browser.get("/me"));
    await step("a note", () => browser.post("/note/x"));
    await step("confirm", () => browser.post("/confirm"));
    clock.tick(61_000);
    await step("a page later", () => browser.get("/me"));
    await browser.restart();
    await step("restore", () => browser.get("/me"));
    await step("a copy of the earlier cookie", () => browser.get("/me"));
    await step("logout", () => browser.post("/logout"));
    return calls;
  }

  it("are the same with the option and without it, while no key is registered", async () => {
    const [off, on] = [await callsOf({ deviceBound: undefined }), await callsOf({})];
    expect(on).to.eql(off);
    expect(off["a page"]).to.eql(["read"]);
  });

  for (const json of [{}, { remember: true }]) {
    const remembers = "remember" in json;
    it(`are few for a registration and a refresh, and none are added to a page, ${remembers ? "remembered" : "in a session"}`, async () => {
      const at = await deviceSite();
      const browser = at.newBrowser();
      browser.registers = false;
      const counted = async (run: () => Promise<unknown>) => {
        at.store.calls = [];
        await run();
        await settled();
        return at.store.calls;
      };
      const answer = await browser.post("/login/1", { json });
      const ofBrowser = (...calls: string[]) => (remembers ? calls : []);
      expect(await counted(() => browser.register(answer))).to.eql([
        "read",
        ...ofBrowser("browser.read", "browser.update"),
        "update",
      ]);
      expect(await counted(() => browser.get("/me")), "binds the login").to.eql([
        "read",
        ...ofBrowser("browser.read", "browser.update"),
        "update",
      ]);
      for (let n = 0; n < 3; n++) expect(await counted(() => browser.get("/me"))).to.eql(["read"]);
      expect(await counted(() => browser.post("/note/x"))).to.eql(["read", "update"]);
      const session = [...browser.sessions.values()][0]!;
      expect(await counted(() => browser.refresh(session))).to.eql([
        "read",
        "proof.create",
        ...ofBrowser("browser.read"),
      ]);
      clock.tick(EXPIRED);
      session.challenge = undefined;
      const refreshed = await counted(() => browser.refresh(session));
      expect(refreshed.filter((call) => call !== "touch")).to.eql([
        "read",
        "read",
        "proof.create",
        ...ofBrowser("browser.read"),
      ]);
      if (!remembers) return;
      await browser.restart();
      expect(await counted(() => browser.refresh(session))).to.eql(["browser.read", "proof.create"]);
      expect(await counted(() => browser.get("/me"))).to.eql(["browser.read", "destroy", "browser.update", "create"]);
    });
  }

  it("are none for a path of a registration or a refresh with another method", async () => {
    const at = await deviceSite();
    at.store.calls = [];
    const browser = new DeviceBrowser(at.origin);
    expect((await browser.get("/device-bound/registration")).status).to.equal(404);
    expect((await browser.get("/device-bound/refresh")).status).to.equal(404);
    expect(offerIn(await browser.get("/public"))).to.equal(null);
    expect(at.store.calls).to.eql([]);
  });
});
