import { expect } from "chai";
import type { Page } from "playwright-core";
import { inChromium } from "../support/chromium.js";
import { type RunningExample, runExample } from "../support/running-example.js";
import { problemsOf } from "./accessible.js";
import { expectHeading, expectText, place, press } from "./steps.js";

inChromium("the example support.ts", (here) => {
  let example: RunningExample;
  beforeEach(async () => {
    example = await runExample("support");
  });
  afterEach(() => example.stop());

  /** What axe finds on the pages that `look` has seen. */
  let problems: string[] = [];
  let looks = 0;
  async function look(page: Page, heading: string): Promise<void> {
    await expectHeading(page, heading);
    problems.push(...(await problemsOf(page)).map((problem) => `${heading}: ${problem}`));
    looks++;
  }

  async function logIn(page: Page, email: string): Promise<void> {
    await page.goto("/login");
    await page.getByLabel("E-mail").fill(email);
    await page.getByLabel("Password").fill("correct horse");
    await press(page, "Log in");
    await expectHeading(page, "Orders");
  }
  const stop = (page: Page) => page.getByRole("banner").getByRole("button", { name: "Stop" }).click();

  it("lets support act as a user, keeps it from the page for the password, and lets it return: axe finds 0 problems", async () => {
    problems = [];
    looks = 0;
    const page = await here().newPage({ baseURL: example.origin });
    await page.goto("/support");
    await look(page, "Log in");
    await logIn(page, "sue@support.example");
    await page.goto("/support");
    await look(page, "Support");
    await press(page, "Act as ann@example.com");
    await look(page, "Orders");
    await expectText(page, "sue@support.example acts as ann@example.com.");

    const status = page.waitForResponse((response) => response.url().endsWith("/password"));
    await page.getByRole("link", { name: "Change the password" }).click();
    expect((await status).status()).to.equal(403);
    expect(place(page), "there is no redirect to /confirm").to.equal("/password");
    await look(page, "Not possible");
    await expectText(page, "Only the user can do this.");
    await page.goto("/confirm"); // a page that somebody kept in the history
    await page.getByLabel("Password").fill("correct horse");
    await press(page, "Confirm");
    await look(page, "Not possible");
    await page.goto("/support");
    await look(page, "Not possible");

    await stop(page);
    await look(page, "Confirm your password"); // for /support, because the login is no longer fresh
    await page.getByLabel("Password").fill("correct horse");
    await press(page, "Confirm");
    await expectHeading(page, "Support");
    await expectText(page, "sue@support.example");
    expect(problems).to.eql([]);
    expect(looks).to.equal(7);
  });

  it("a logout ends both logins, and a page from the history does not bring one back", async () => {
    const page = await here().newPage({ baseURL: example.origin });
    await logIn(page, "sue@support.example");
    await page.goto("/support");
    await press(page, "Act as ann@example.com");
    await expectHeading(page, "Orders");
    const [tab] = [await page.context().newPage()];
    await tab.goto("/");
    await expectText(tab, "sue@support.example acts as ann@example.com.");
    await page.request.post("/logout", { headers: { origin: example.origin } });
    await tab.reload();
    await expectHeading(tab, "Log in");
    await page.goBack();
    await expectHeading(page, "Log in");
  });
});
