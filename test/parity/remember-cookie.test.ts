import { expect } from "chai";
import sinon from "sinon";
import { NOBODY, site } from "./support.js";

const HOUR = 60 * 60 * 1000;

describe("parity: the remember cookie", () => {
  afterEach(() => sinon.restore());

  it("is set by a login, which does not count as remembered", async () => {
    const { visitor } = await site();
    const answer = await visitor.login("ann", { remember: true });
    expect(answer.json()).to.include({ loggedIn: true, name: "Ann", remembered: false });
    expect(await visitor.cookie("remember")).to.be.a("string");
    expect(await visitor.who()).to.include({ name: "Ann", fresh: true, remembered: false });
  });

  const durations = [{}, { duration: "7h" }];

  it("restores a login, which is not fresh, with any duration", async () => {
    for (const duration of durations) {
      const { visitor } = await site();
      await visitor.login("ann", { remember: true, ...duration });
      await visitor.restart();
      expect(await visitor.who()).to.deep.equal({ name: "Ann", authenticated: true, fresh: false, remembered: true });
    }
  });

  it("is removed by a logout, with any duration", async () => {
    for (const duration of durations) {
      const { visitor } = await site();
      await visitor.login("ann", { remember: true, ...duration });
      await visitor.logout();
      expect(await visitor.who()).to.deep.equal(NOBODY);
      await visitor.restart();
      expect(await visitor.who()).to.deep.equal(NOBODY);
    }
  });

  it("is removed by a login without `remember`", async () => {
    const { visitor } = await site();
    await visitor.login("ann", { remember: true });
    await visitor.login("bob");
    expect(await visitor.cookie("remember")).to.equal(undefined);
    await visitor.restart();
    expect(await visitor.who()).to.deep.equal(NOBODY);
  });

  it("is rejected and removed if it is forged", async () => {
    const { visitor } = await site();
    await visitor.setCookie("remember", "foo");
    const answer = await visitor.get("/who");
    expect(answer.json()).to.deep.equal(NOBODY);
    expect(answer.cookies.join()).to.match(/^remember=;/);
  });

  it("keeps its expiry time across requests", async () => {
    const clock = sinon.useFakeTimers({ now: Date.now(), toFake: ["Date"] });
    const { visitor } = await site({ remember: { duration: "2h" } });
    await visitor.login("ann", { remember: true });
    clock.tick(HOUR);
    await visitor.restart();
    const answer = await visitor.get("/who");
    expect(answer.json()).to.include({ name: "Ann" });
    // Each restore replaces the cookie. The new cookie lasts for the remaining time.
    expect(answer.cookies.find((one) => one.startsWith("remember="))).to.include("Max-Age=3600;");

    clock.tick(HOUR);
    await visitor.restart();
    expect(await visitor.who()).to.deep.equal(NOBODY);
  });

  it("is renewed by each request if the options say so, but only if the browser has it", async () => {
    const clock = sinon.useFakeTimers({ now: Date.now(), toFake: ["Date"] });
    const { visitor } = await site({ remember: { duration: "2h", refreshEachRequest: true } });
    await visitor.login("bob");
    expect((await visitor.get("/who")).cookies).to.deep.equal([]);

    await visitor.login("ann", { remember: true });
    for (let hour = 0; hour < 3; hour++) {
      clock.tick(HOUR);
      await visitor.restart();
      const answer = await visitor.get("/who");
      expect(answer.json()).to.include({ name: "Ann" });
      expect(answer.cookies.join()).to.match(/remember=[^;]+; Max-Age=7200;/);
    }
  });
});
