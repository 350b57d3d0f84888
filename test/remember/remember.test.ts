import { expect } from "chai";
import sinon from "sinon";
import { countTrials, send } from "../support/raw-client.js";
import { DAY, days, visit as visitSite } from "../support/remembering.js";
import type { Me } from "../support/site.js";
import { WatchedStore } from "../support/watched-store.js";

// These tests apply to both modes. The tests of the persistent mode alone are in persistent.test.ts, ends.test.ts and
// theft.test.ts.
for (const mode of ["stateless", "persistent"] as const) {
  const visit = (options: Parameters<typeof visitSite>[0] = {}) =>
    visitSite({ store: new WatchedStore(), ...options, remember: { mode, ...options?.remember } });

  describe(`the ${mode} remember cookie`, () => {
    let clock: sinon.SinonFakeTimers;
    beforeEach(() => {
      clock = sinon.useFakeTimers({ now: Date.now(), toFake: ["Date"] });
    });
    afterEach(() => sinon.restore());

    it("restores a login once, in a new session, and the login is not fresh", async () => {
      const { browser, store } = await visit();
      await browser.post("/login/1", { json: { remember: true } });
      await browser.restart();
      expect(await browser.cookie("sid")).to.equal(undefined);
      store.calls = [];
      expect((await browser.get("/me")).json()).to.deep.equal({ name: "Ann", fresh: false, remembered: true });
      expect(await browser.cookie("sid")).to.be.a("string");
      expect((await browser.get("/me")).cookies).to.deep.equal([]);
      expect(store.calls.filter((verb) => verb === "create")).to.have.lengthOf(1);
    });

    it("restores a login in a session that has a new id and the data of the anonymous session", async () => {
      const { browser, isIn } = await visit();
      await browser.post("/login/1", { json: { remember: true } });
      await browser.restart();
      await browser.post("/note/cart");
      const anonymous = await browser.cookie("sid");
      await browser.get("/me");
      expect(await browser.cookie("sid")).not.to.equal(anonymous);
      expect((await browser.get("/note")).json()).to.equal("cart");
      expect(await isIn(`sid=${anonymous}`)).to.equal(false);
    });

    it("is ignored on a public route, which calls no store and sends no Set-Cookie or Vary", async () => {
      const { login, origin, store } = await visit();
      const cookie = await login();
      store.calls = [];
      const { headers } = await send(origin, "GET /public", { cookie });
      expect([store.calls, headers["set-cookie"], headers.vary]).to.deep.equal([[], undefined, undefined]);
    });

    for (const [when, line, json, ended] of [
      ["another user logs in without `remember`", "POST /login/2", {}, false],
      ["its user logs in with `remember: false`", "POST /login/1", { remember: false }, false],
      ["its user logs in without `remember` after the session ended", "POST /login/1", {}, true],
    ] as const) {
      it(`is removed when ${when}`, async () => {
        const { browser } = await visit();
        await browser.post("/login/1", { json: { remember: true } });
        if (ended) await browser.restart();
        const [method, path] = line.split(" ") as [string, string];
        const answer = await browser.send(method, path, { json });
        expect(answer.cookies.filter((one) => one.startsWith("remember="))).to.have.lengthOf(1);
        expect(await browser.cookie("remember")).to.equal(undefined);
        await browser.restart();
        expect((await browser.get("/me")).status).to.equal(401);
      });
    }

    it("is set again with its duration and the new stamp when its user logs in again without `remember`", async () => {
      const { ann, browser } = await visit();
      await browser.post("/login/1", { json: { remember: true, duration: "3d" } });
      ann.stamp = "2";
      expect(days((await browser.post("/login/1")).cookies)).to.equal(3);
      await browser.restart();
      expect((await browser.get("/me")).json<Me>().remembered).to.equal(true);
    });

    it("expires at its own date even if the browser keeps it", async () => {
      const { login, isIn } = await visit({ remember: { duration: "10d" } });
      const cookies = [await login(), await login({ remember: true, duration: "1h" })];
      clock.tick(DAY / 24 - 1000);
      expect(await Promise.all(cookies.map(isIn))).to.deep.equal([true, true]);
      clock.tick(1000);
      expect(await Promise.all(cookies.map(isIn))).to.deep.equal([true, false]);
      clock.tick(10 * DAY - DAY / 24);
      expect(await Promise.all(cookies.map(isIn))).to.deep.equal([false, false]);
    });

    it("is rejected if any bit is flipped or any byte is missing", async () => {
      const { login, isIn } = await visit();
      const cookie = await login();
      const start = "remember=".length;
      const bytes = Buffer.from(cookie);
      const flipped = Array.from({ length: (bytes.length - start) * 8 }, (_, bit) => {
        const copy = Buffer.from(bytes);
        copy[start + (bit >> 3)]! ^= 1 << (bit & 7);
        return copy.toString("latin1");
      });
      const cut = Array.from(
        { length: bytes.length - start },
        (_, n) => cookie.slice(0, start + n) + cookie.slice(start + n + 1),
      );
      // Node refuses to send other characters in a header.
      const forged = [...flipped, ...cut].filter((one) => /^[\x20-\x7e\x80-\xff]+$/.test(one));
      expect(forged.length).to.be.above(500);
      expect(await countTrials(forged.length, (n) => isIn(forged[n]!))).to.equal(0);
      expect(await isIn(cookie)).to.equal(true);
    });

    it("is rejected in any other spelling, and when it is sent twice", async () => {
      const { login, isIn } = await visit();
      const cookie = await login();
      clock.tick(1000);
      const other = await login();
      const value = cookie.slice("remember=".length);
      const [text, signature] = value.split(".") as [string, string];
      const spellings = [
        `"${value}"`,
        `${value}=`,
        `${text}=.${signature}`,
        `${text}.${signature}=`,
        `${value}.`,
        `.${value}`,
        `${text}..${signature}`,
        `${signature}.${text}`,
        encodeURIComponent(`s:${value}`),
        value.replace(".", "%2E"),
        `${text}.${signature.replace(/.$/, "~")}`,
        `${text}.${signature}\t${value}`,
        `j:${JSON.stringify(value)}`,
        text,
        signature,
        ".",
        "",
      ];
      for (const spelling of spellings) expect(await isIn(`remember=${spelling}`), spelling).to.equal(false);
      for (const doubled of [
        `${cookie}; ${cookie}`,
        `${cookie}; ${other}`,
        `${cookie}; remember=x`,
        `remember=; ${cookie}`,
      ]) {
        expect(await isIn(doubled), doubled).to.equal(false);
      }
    });

    it("is removed from the browser if it is invalid", async () => {
      const { origin } = await visit();
      const refused = await send(origin, "GET /me", { cookie: "remember=forged" });
      expect(refused.status).to.equal(401);
      expect(refused.headers["set-cookie"]).to.have.lengthOf(1);
      expect(refused.headers["set-cookie"]![0]).to.match(/^remember=;.*Expires=Thu, 01 Jan 1970/);
    });

    it("is rejected, but not removed, while its user is inactive", async () => {
      const { ann, login, origin } = await visit();
      const cookie = await login();
      ann.isActive = false;
      const refused = await send(origin, "GET /me", { cookie });
      expect([refused.status, refused.headers["set-cookie"]]).to.deep.equal([401, undefined]);
      ann.isActive = true;
      expect((await send(origin, "GET /me", { cookie })).status).to.equal(200);
    });

    it("makes the login fail with 500 if it is Secure and the connection is not encrypted", async () => {
      const { origin, store } = await visit({ remember: { cookie: { secure: true } } });
      const { status, headers } = await send(origin, "POST /login/1", { json: { remember: true } });
      expect([status, headers["set-cookie"], await store.countOf("1")]).to.deep.equal([500, undefined, 0]);
    });

    it("lasts 365 days, or the `duration` of the login; 401 days is an error", async () => {
      const { origin } = await visit();
      const set = async (json: object) => days((await send(origin, "POST /login/1", { json })).headers["set-cookie"]);
      expect(await set({ remember: true })).to.equal(365);
      expect(await set({ remember: true, duration: "7d" })).to.equal(7);
      expect(await set({ duration: "7d" })).to.equal(undefined);
      expect((await send(origin, "POST /login/1", { json: { remember: true, duration: "401d" } })).status).to.equal(
        500,
      );
    });
  });
}
