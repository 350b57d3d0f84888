import { expect } from "chai";
import { type Browser, chromium } from "playwright-core";
import { inChromium, LAUNCH, PATIENCE } from "../support/chromium.js";
import { expectHeading, logOut, signUp } from "./steps.js";

inChromium("a browser with a back/forward cache", (here) => {
  let browser: Browser | undefined;

  before(async () => {
    browser = await chromium.launch({ ...LAUNCH, ignoreDefaultArgs: ["--disable-back-forward-cache"] });
  });

  after(() => browser?.close());

  it("restores a public page unchanged from the cache", async () => {
    const page = await browser!.newPage({ baseURL: here().example.origin });
    await page.goto("/");
    await page.evaluate("document.title = 'as it was left'");
    await page.goto("/login");
    // A page from the cache sends no commit event.
    await page.goBack({ waitUntil: "commit", timeout: 1_000 }).catch(() => {});
    await expectHeading(page, "A small site with accounts");
    expect(await page.title()).to.equal("as it was left");
    await page.context().close();
  });

  for (const javaScriptEnabled of [true, false]) {
    it(`shows no private page after a logout, with JavaScript ${javaScriptEnabled ? "on" : "off"}`, async () => {
      const context = await browser!.newContext({ baseURL: here().example.origin, javaScriptEnabled });
      context.setDefaultTimeout(PATIENCE);
      const page = await context.newPage();
      const email = await signUp(page);
      await page.goto("/email");
      await expectHeading(page, "Change your e-mail");
      await logOut(page);
      await page.goBack({ waitUntil: "commit", timeout: 1_000 }).catch(() => {});
      await expectHeading(page, "Log in");
      expect(await page.content()).not.to.include(email);
      await context.close();
    });
  }
});
