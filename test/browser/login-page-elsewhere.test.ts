import { expect } from "chai";
import { inChromium } from "../support/chromium.js";
import { startTwoHosts } from "../support/two-hosts.js";
import { problemsOf } from "./accessible.js";
import { expectHeading, expectText, press } from "./steps.js";

const PAGE = "docs/recipes/login-page-elsewhere.md";

inChromium("a login page on another host", (here) => {
  it("returns to the page with its query, logged in on both hosts, and passes axe's rules", async () => {
    const { app, accounts } = (await startTwoHosts(PAGE, "accounts")).origins;
    const page = await here().newPage({ baseURL: app });
    await page.goto("/reports?page=2&q=a%20b");
    await expectHeading(page, "Log in");
    expect(new URL(page.url()).origin).to.equal(accounts);
    await expectText(page, "Please log in to access this page.");
    expect(await problemsOf(page)).to.deep.equal([]);

    await page.getByLabel("E-mail").fill("ann@example.com");
    await page.getByLabel("Password").fill("wrong");
    await press(page, "Log in");
    await expectText(page, "Wrong e-mail or password.");
    expect(await problemsOf(page)).to.deep.equal([]);
    await page.getByLabel("E-mail").fill("ann@example.com");
    await page.getByLabel("Password").fill("correct horse");
    await press(page, "Log in");
    await page.waitForURL(`${app}/reports?page=2&q=a%20b`);
    await expectText(page, "Reports for ann@example.com");

    await page.goto(`${accounts}/confirm`);
    await expectHeading(page, "Confirm your password");
    expect(await problemsOf(page)).to.deep.equal([]);
    await page.goto(`${app}/reports`);
    await page.getByRole("button", { name: "Log out" }).click();
    await page.waitForURL(`${accounts}/login`);
    await page.goto(`${app}/reports`);
    await expectHeading(page, "Log in");
  });

  it("does not lead to another site, whatever the link to the login page says", async () => {
    const { app, accounts } = (await startTwoHosts(PAGE, "accounts")).origins;
    const page = await here().newPage({ baseURL: app });
    const evil = app.replace("app.site", "evil");
    for (const next of [
      evil,
      `${app}@evil.localhost/`,
      `${app}\\@evil.localhost`,
      evil.replace("//", "\\\\"),
      `/\t/evil.localhost`,
    ]) {
      await page.goto(`${accounts}/login?next=${encodeURIComponent(next)}`);
      await page.getByLabel("E-mail").fill("ann@example.com");
      await page.getByLabel("Password").fill("correct horse");
      await press(page, "Log in");
      await page.waitForURL(`${app}/`);
    }
  });
});
