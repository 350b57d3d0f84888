import { expect } from "chai";
import type { Express } from "express";
import { deviceBound } from "latchkey/device-bound";
import sinon from "sinon";
import { inChromium } from "../support/chromium.js";
import { DEVICE, GRACE, SECURE, settled } from "../support/device-site.js";
import { HttpsChromium } from "../support/https-chromium.js";
import { site } from "../support/site.js";

inChromium("a login that is bound to a device, with pages of another origin", () => {
  /** Logs in with a page of one of the two origins. Resolves with the answers to pages of the other origin. */
  async function answers(logsInElsewhere: boolean, trusts: boolean) {
    const clock = sinon.useFakeTimers({ now: Date.now(), toFake: ["Date"] });
    let app: Express | undefined;
    const here = await HttpsChromium.start((req, res) => app!(req, res));
    try {
      const elsewhere = await here.serveElsewhere();
      const options = { ...SECURE, deviceBound: deviceBound({ trustedOrigins: trusts ? [elsewhere] : [] }) };
      const at = site(options, (login, mounted) => {
        mounted.use((req, res, next) => {
          res.set("Access-Control-Allow-Origin", elsewhere);
          res.set({ "Access-Control-Allow-Credentials": "true", "Access-Control-Allow-Headers": "content-type" });
          if (req.method === "OPTIONS") res.send("");
          else next();
        });
        login.init(mounted);
      });
      app = at.app as Express;
      const context = await here.open();
      const page = await context.newPage();
      const hasCookie = async () => (await context.cookies()).some(({ name }) => name === DEVICE);
      await page.goto(logsInElsewhere ? elsewhere : `${here.origin}/public`);
      const sent = { method: "POST", headers: { "content-type": "application/json" }, body: "{}" };
      const fetched = (path: string, init = {}) =>
        page.evaluate(
          async ([url, more]) => (await fetch(url as string, { ...(more as object), credentials: "include" })).status,
          [here.origin + path, init],
        );
      expect(await fetched("/login/1", sent)).to.equal(200);
      for (let n = 0; n < 30 && !(await hasCookie()); n++) await new Promise((resolve) => setTimeout(resolve, 100));
      const isBound = await hasCookie();
      expect(await fetched("/me")).to.equal(200);
      await settled();
      clock.tick(GRACE);
      await page.goto(elsewhere);
      await context.clearCookies({ name: DEVICE });
      return { isBound, statuses: [await fetched("/me"), await fetched("/me")] };
    } finally {
      sinon.restore();
      await here.stop();
    }
  }

  it("is refreshed for a trusted origin, wherever the user logs in", async () => {
    for (const logsInElsewhere of [true, false]) {
      expect(await answers(logsInElsewhere, true)).to.eql({ isBound: true, statuses: [200, 200] });
    }
  });

  it("is not refreshed for an origin that is not trusted, so a login by its page is not bound", async () => {
    expect(await answers(true, false)).to.eql({ isBound: false, statuses: [200, 200] });
    expect(await answers(false, false)).to.eql({ isBound: true, statuses: [401, 401] });
  });
});
