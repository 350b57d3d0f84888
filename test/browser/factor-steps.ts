import type { CDPSession, Page } from "playwright-core";
import sinon from "sinon";
import { codeOf } from "../support/second-factor.js";
import { expectHeading, expectText, fillInLogin, press } from "./steps.js";

/** Sets up an authenticator app by its key. Returns the key. The next code can be used at once. */
export async function setUpApp(page: Page): Promise<string> {
  await page.goto("/security/app");
  const secret = (await page.locator("code.secret").innerText()).replaceAll(" ", "");
  await page.getByLabel("Code").fill(codeOf(secret));
  await press(page, "Finish");
  await expectText(page, "Your authenticator app is set up.");
  nextCode();
  return secret;
}

/** Makes recovery codes on the current page. */
export async function makeRecoveryCodes(page: Page): Promise<string[]> {
  await press(page, "Make new recovery codes");
  await expectText(page, "They are not shown again.");
  return page.locator("li code").allInnerTexts();
}

/** Lets the app show its next code, because each code works once. */
export function nextCode(): void {
  sinon.clock.tick(30_000);
}

/** Sends the password, and waits for the page that asks for a second factor. */
export async function sendPassword(page: Page, email: string, { remember = false } = {}): Promise<void> {
  await page.goto("/login");
  if (remember) await page.getByLabel("Stay logged in").check();
  await fillInLogin(page, email);
  await expectHeading(page, "One more step");
}

/** Sends a code on the page that asks for a second factor. */
export async function sendCode(page: Page, code: string, { trust = false } = {}): Promise<void> {
  await page.getByLabel("Code", { exact: true }).fill(code);
  if (trust) await page.getByLabel("Do not ask again on this browser").check();
  await press(page, "Continue");
}

/** A passkey device that Chromium simulates for one page. */
export interface VirtualAuthenticator {
  devtools: CDPSession;
  authenticatorId: string;
}

/**
 * Adds a passkey device to a page. It answers at once, as if the user had touched it.
 *
 * @param verifies does it verify the user, for example by a fingerprint?
 */
export async function addAuthenticator(page: Page, { verifies = true } = {}): Promise<VirtualAuthenticator> {
  const devtools = await page.context().newCDPSession(page);
  await devtools.send("WebAuthn.enable");
  const { authenticatorId } = await devtools.send("WebAuthn.addVirtualAuthenticator", {
    options: {
      ...{ protocol: "ctap2", transport: verifies ? "internal" : "usb", automaticPresenceSimulation: true },
      ...{ hasResidentKey: verifies, hasUserVerification: verifies, isUserVerified: verifies },
    },
  });
  return { devtools, authenticatorId };
}

/** Adds a passkey to the account. */
export async function addPasskey(page: Page): Promise<void> {
  await page.goto("/security/passkeys");
  await press(page, "Add a passkey");
  await page.waitForURL(/\/security(\/recovery-codes)?$/);
}
