import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { type BrowserContext, type BrowserContextOptions, chromium } from "playwright-core";
import sinon from "sinon";
import { inChromium, LAUNCH, PATIENCE } from "../support/chromium.js";
import { codeOf, type SecondFactorSite, serveSecondFactor } from "../support/second-factor.js";
import {
  addAuthenticator,
  addPasskey,
  makeRecoveryCodes,
  nextCode,
  sendCode,
  sendPassword,
  setUpApp,
} from "./factor-steps.js";
import { expectHeading, expectLoginFor, expectText, fillInLogin, logOut, place, press, signUp } from "./steps.js";

const MINUTE = 60_000;

inChromium("a second factor in a browser", (here) => {
  let site: SecondFactorSite;

  beforeEach(async () => {
    sinon.useFakeTimers({ now: Date.now(), toFake: ["Date"] });
    site = await serveSecondFactor();
  });

  afterEach(() => sinon.restore());

  const newPage = (options: BrowserContextOptions = {}) => here().newPage({ baseURL: site.origin, ...options });

  /** A page of a new user who has set up an authenticator app, and is logged out. */
  async function withApp(options?: BrowserContextOptions) {
    const page = await newPage(options);
    const email = await signUp(page);
    const secret = await setUpApp(page);
    const codes = await makeRecoveryCodes(page);
    await logOut(page);
    return { page, email, secret, codes };
  }

  it("is an authenticator app: the login asks for its code, and then shows the requested page", async () => {
    const { page, email, secret } = await withApp();
    await page.goto("/password?from=letter");
    await expectLoginFor(page, "/password?from=letter");
    await fillInLogin(page, email);
    await expectHeading(page, "One more step");
    await sendCode(page, codeOf(secret));
    await expectHeading(page, "Change your password");
    expect(place(page)).to.equal("/password?from=letter");
  });

  it("works without JavaScript, where no button offers a passkey", async () => {
    const { page, email, secret } = await withApp({ javaScriptEnabled: false });
    await page.goto("/login");
    expect(await page.getByRole("button", { name: "passkey" }).count()).to.equal(0);
    await sendPassword(page, email);
    await sendCode(page, codeOf(secret));
    await expectHeading(page, "Hello");
  });

  it("shows that a code is wrong or was used before, and accepts the next one", async () => {
    const { page, email, secret } = await withApp();
    await sendPassword(page, email);
    await sendCode(page, "000 000");
    await expectText(page, "This code is wrong, or was used before.");
    const code = codeOf(secret);
    await sendCode(page, `${code.slice(0, 3)} ${code.slice(3)}`);
    await expectText(page, "Since your last login, a wrong code was entered.");
    await logOut(page);
    await sendPassword(page, email);
    await sendCode(page, code);
    await expectText(page, "This code is wrong, or was used before.");
    nextCode();
    await sendCode(page, codeOf(secret));
    await expectHeading(page, "Hello");
  });

  it("can be given up and begun again", async () => {
    const { page, email, secret } = await withApp();
    await sendPassword(page, email);
    await press(page, "Cancel this login");
    await expectText(page, "You are logged out.");
    await page.goto("/security");
    await expectLoginFor(page, "/security");
    await page.goto("/second-factor");
    await expectHeading(page, "Log in");

    await sendPassword(page, email);
    await page.goto("/security");
    await expectHeading(page, "One more step");
    await sendPassword(page, email);
    await sendCode(page, codeOf(secret));
    await expectHeading(page, "Hello");
  });

  it("can be replaced by a recovery code, once", async () => {
    const { page, email, codes } = await withApp();
    for (const [left, outcome] of [
      ["9", "9 recovery codes are left."],
      ["9", "This code is wrong, or was used before."],
    ]) {
      await sendPassword(page, email);
      await page.getByText("I cannot do this now").click();
      await page.getByLabel("Recovery code").fill(codes[0]!);
      await press(page, "Use this recovery code");
      await expectText(page, outcome!);
      if (outcome!.startsWith(left!)) await logOut(page);
    }
  });

  it("is a security key without a PIN, after the password", async () => {
    const page = await newPage();
    await addAuthenticator(page, { verifies: false });
    const email = await signUp(page);
    await addPasskey(page);
    await expectHeading(page, "Recovery codes");
    await logOut(page);
    await sendPassword(page, email);
    await press(page, "Use your passkey");
    await expectHeading(page, "Hello");
  });

  it("is part of a passkey that verifies the user: it logs in without a password, and is remembered", async () => {
    const page = await newPage();
    const { devtools, authenticatorId } = await addAuthenticator(page);
    const email = await signUp(page);
    await addPasskey(page);
    await logOut(page);
    await page.goto("/login");

    await devtools.send("WebAuthn.setUserVerified", { authenticatorId, isUserVerified: false });
    await press(page, "Use a passkey instead");
    await expectText(page, "No passkey was used. You can try again.");
    await devtools.send("WebAuthn.setUserVerified", { authenticatorId, isUserVerified: true });
    await page.getByLabel("Stay logged in").check();
    await press(page, "Use a passkey instead");
    await expectText(page, `You are logged in as ${email}.`);
    const [login] = await site.login.sessions.list("3");
    expect([Object.keys(login!.methods).sort(), login!.persistent]).to.deep.equal([["hwk", "mfa"], true]);
    const names = (await page.context().cookies()).map(({ name }) => name);
    expect(names).to.include("remember");
  });

  it("is not asked for in a trusted browser until the user logs out everywhere else", async () => {
    const { page, email, secret } = await withApp();
    await sendPassword(page, email);
    await sendCode(page, codeOf(secret), { trust: true });
    await expectHeading(page, "Hello");
    await logOut(page);
    await page.goto("/login");
    await fillInLogin(page, email);
    await expectHeading(page, "Hello");

    const other = await newPage();
    await sendPassword(other, email);
    nextCode();
    await sendCode(other, codeOf(secret));
    await expectHeading(other, "Hello");
    await other.goto("/logins");
    await press(other, "Log out everywhere else");
    await expectText(other, "You are logged out everywhere else.");
    // In another tab, because the script of the page reloads it too when the login has ended.
    const tab = await page.context().newPage();
    await tab.goto("/security");
    await expectHeading(tab, "Log in");
    await sendPassword(tab, email);
  });

  it("is asked for again before a change of the factors, and before a new password", async () => {
    const { page, email, secret } = await withApp();
    await sendPassword(page, email);
    await sendCode(page, codeOf(secret));
    await expectHeading(page, "Hello");
    await page.goto("/security");
    sinon.clock.tick(10 * MINUTE + 1);
    await press(page, "Remove the app");
    await expectHeading(page, "Confirm that it is you");
    await sendCode(page, codeOf(secret));
    await press(page, "Remove the app");
    await expectText(page, "Your authenticator app is removed.");

    const secretOfNewApp = await setUpApp(page);
    sinon.clock.tick(10 * MINUTE + 1);
    await page.goto("/password");
    await expectHeading(page, "Confirm that it is you");
    await sendCode(page, codeOf(secretOfNewApp));
    await page.getByLabel("New password").fill("a long new password");
    await press(page, "Change password");
    await expectText(page, "Your password is changed.");
  });

  describe("when the browser is closed and opened again", () => {
    let folder: string;
    let opened: BrowserContext | undefined;

    beforeEach(async () => {
      folder = await mkdtemp(join(tmpdir(), "latchkey-chromium-"));
    });

    afterEach(async () => {
      await opened?.close();
      await rm(folder, { recursive: true, force: true });
    });

    async function openBrowser() {
      await opened?.close();
      opened = await chromium.launchPersistentContext(folder, { ...LAUNCH, baseURL: site.origin });
      opened.setDefaultTimeout(PATIENCE);
      return opened.newPage();
    }

    it("stays complete with “Stay logged in”, but is asked for before a change of the factors", async () => {
      const { email, secret } = await withApp();
      const before = await openBrowser();
      await sendPassword(before, email, { remember: true });
      await sendCode(before, codeOf(secret));
      await expectHeading(before, "Hello");

      const page = await openBrowser();
      await page.goto("/security");
      await expectHeading(page, "Security");
      await page.goto("/security/recovery-codes");
      await expectHeading(page, "Confirm that it is you");
      nextCode();
      await sendCode(page, codeOf(secret));
      await expectHeading(page, "Recovery codes");
    });

    it("is not remembered if the login was not complete", async () => {
      const { email } = await withApp();
      await sendPassword(await openBrowser(), email, { remember: true });
      const page = await openBrowser();
      await page.goto("/security");
      await expectLoginFor(page, "/security");
    });
  });
});
