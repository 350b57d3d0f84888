import type { Page } from "playwright-core";
import sinon from "sinon";
import { Accounts } from "../../examples/web/accounts.js";
import { codeOf } from "../support/second-factor.js";
import { addAuthenticator, addPasskey, makeRecoveryCodes, sendCode, sendPassword, setUpApp } from "./factor-steps.js";
import { expectHeading, expectText, logOut, press, signUp } from "./steps.js";
import type { Stop } from "./tour.js";

/** Opens every page of the example site about second factors, and yields each one in its states. */
export async function* factorTour(page: Page): AsyncGenerator<Stop> {
  await addAuthenticator(page);
  const show = (name: string): Stop => ({ name: `second-factor-${name}`, page });
  const email = await signUp(page, "cara@example.com");
  await page.goto("/security");
  yield show("none");
  await page.goto("/security/app");
  yield show("new-app");
  await page.getByLabel("Code").fill("000000");
  await press(page, "Finish");
  await expectText(page, "This code is wrong.");
  yield show("new-app-wrong");
  const secret = await setUpApp(page);
  yield show("recovery-codes-none");
  await makeRecoveryCodes(page);
  yield show("recovery-codes");
  await page.goto("/security/passkeys");
  await expectButton(page, "Add a passkey");
  yield show("new-passkey");
  await addPasskey(page);
  await expectHeading(page, "Security");
  yield show("security");
  await page.goto("/security/recovery-codes");
  yield show("recovery-codes-again");
  await page.goto("/second-factor");
  yield show("step-up");
  const rename = sinon.stub(Accounts.prototype, "rename").rejects(new Error("in a test"));
  const log = sinon.stub(console, "error");
  await page.goto("/profile");
  await press(page, "Save");
  await expectText(page, "What you typed is still here.");
  rename.restore();
  log.restore();
  yield show("try-again");
  await logOut(page);
  await page.goto("/login");
  await expectButton(page, "Use a passkey instead");
  yield show("log-in");
  await sendPassword(page, email);
  await expectButton(page, "Use your passkey");
  yield show("one-more-step");
  await sendCode(page, "000000");
  await expectText(page, "This code is wrong");
  await page.getByText("I cannot do this now").click();
  yield show("one-more-step-wrong");
  await sendCode(page, codeOf(secret));
  await expectHeading(page, "Hello");
}

/** Waits for a button that the page's script shows. */
async function expectButton(page: Page, name: string): Promise<void> {
  await page.getByRole("button", { name }).waitFor();
}
