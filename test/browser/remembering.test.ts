import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { type BrowserContext, chromium, type Page } from "playwright-core";
import { inChromium, LAUNCH, PATIENCE } from "../support/chromium.js";
import {
  confirm,
  expectHeading,
  expectLoginFor,
  expectText,
  logIn,
  newEmail,
  newUser,
  PASSWORD,
  place,
  press,
} from "./steps.js";

inChromium("a browser that is closed and opened again", (here) => {
  let folder: string;
  let opened: BrowserContext | undefined;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "latchkey-chromium-"));
  });

  afterEach(async () => {
    await opened?.close();
    await rm(folder, { recursive: true, force: true });
  });

  /** Closes the browser of this test if it is open, and opens it with the same profile. */
  async function openBrowser(): Promise<Page> {
    await opened?.close();
    opened = await chromium.launchPersistentContext(folder, { ...LAUNCH, baseURL: here().example.origin });
    opened.setDefaultTimeout(PATIENCE);
    return opened.newPage();
  }

  async function cookies(): Promise<string[]> {
    return (await opened!.cookies())
      .map(({ name, expires }) => `${name} ${expires === -1 ? "session" : "kept"}`)
      .sort();
  }

  it("is still logged in if the user asked for it, but must confirm the password before an e-mail change", async () => {
    const email = await newUser(await here().newPage());
    await logIn(await openBrowser(), email, { remember: true });
    expect(await cookies()).to.deep.equal(["known kept", "remember kept", "sid session"]);

    const page = await openBrowser();
    expect(await cookies(), "the session cookie is gone").to.deep.equal(["known kept", "remember kept"]);
    await page.goto("/dashboard");
    await expectHeading(page, `Hello, ${email}`);
    await page.getByRole("definition").getByText("for 30 days").waitFor();

    await page.goto("/email?from=dashboard");
    await expectText(page, "Please confirm your password to continue.");
    await page.getByLabel("Password").fill("wrong password");
    await press(page, "Confirm");
    await expectText(page, "That is not your password.");
    await confirm(page);
    await expectHeading(page, "Change your e-mail");
    expect(place(page), "the requested page, with its query").to.equal("/email?from=dashboard");
  });

  it("must log in again if the user did not ask for that", async () => {
    const email = await newUser(await here().newPage());
    await logIn(await openBrowser(), email);
    const page = await openBrowser();
    await page.goto("/dashboard");
    await expectLoginFor(page, "/dashboard");
  });
});

inChromium("a form that is sent when the login is no longer fresh", (here) => {
  it("asks for the password, and then shows the form with the typed text", async () => {
    const page = await here().newPage();
    await newUser(page);
    await page.goto("/email");
    const email = newEmail();
    await page.getByLabel("New e-mail").fill(email);

    // A login is not fresh when the User-Agent changes. Here the browser is updated after the login.
    const devtools = await page.context().newCDPSession(page);
    await devtools.send("Network.setUserAgentOverride", { userAgent: "Mozilla/5.0 (X11; Linux x86_64) Updated/1.0" });
    await press(page, "Change e-mail");
    await confirm(page);
    await expectText(page, "What you typed is still here");
    expect(await page.getByLabel("New e-mail").inputValue()).to.equal(email);
    await press(page, "Change e-mail");
    await expectText(page, "Your e-mail is changed.");
    await expectHeading(page, `Hello, ${email}`);
  });

  it("does not keep a typed password", async () => {
    const page = await here().newPage();
    const email = await newUser(page);
    await page.goto("/password");
    await page.getByLabel("New password").fill("a long new password");
    const devtools = await page.context().newCDPSession(page);
    await devtools.send("Network.setUserAgentOverride", { userAgent: "Mozilla/5.0 (X11; Linux x86_64) Updated/1.0" });
    await press(page, "Change password");
    await confirm(page);
    await expectHeading(page, "Change your password");
    expect(await page.getByLabel("New password").inputValue()).to.equal("");
    await logIn(await here().newPage(), email, { password: PASSWORD });
  });
});
