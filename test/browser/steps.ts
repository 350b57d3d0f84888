import { expect } from "chai";
import type { Page } from "playwright-core";

/** The password of everybody whom these steps sign up. */
export const PASSWORD = "correct horse battery";
/** A browser on another system than the tests'. */
export const FIREFOX = { userAgent: "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0" };

let people = 0;

/** An e-mail that nobody has yet. */
export function newEmail(): string {
  people += 1;
  return `person${people}-${process.pid}@example.com`;
}

/** Signs somebody new up, in the form. */
export async function signUp(page: Page, email = newEmail()): Promise<string> {
  await page.goto("/signup");
  await page.getByLabel("E-mail").fill(email);
  await page.getByLabel("Password").fill(PASSWORD);
  await press(page, "Sign up");
  await expectHeading(page, `Hello, ${email}`);
  return email;
}

/** Signs somebody new up by the API, which is faster, where the test is about something else, and opens the dashboard. */
export async function newUser(page: Page, email = newEmail()): Promise<string> {
  const answer = await page.context().request.post("/api/signup", { data: { email, password: PASSWORD } });
  expect(answer.status()).to.equal(201);
  await page.goto("/dashboard");
  return email;
}

/** Fills in the form for the login, on the page that shows it, and sends it. */
export async function fillInLogin(page: Page, email: string, password = PASSWORD): Promise<void> {
  await page.getByLabel("E-mail").fill(email);
  await page.getByLabel("Password").fill(password);
  await press(page, "Log in");
}

/** Logs somebody in, in the form. */
export async function logIn(page: Page, email: string, { password = PASSWORD, remember = false } = {}): Promise<void> {
  await page.goto("/login");
  if (remember) await page.getByLabel("Remember me").check();
  await fillInLogin(page, email, password);
  await expectHeading(page, "Hello");
}

/** Enters the password on the page that asks for it again. */
export async function confirm(page: Page, password = PASSWORD): Promise<void> {
  await expectHeading(page, "Is it you?");
  await page.getByLabel("Password").fill(password);
  await press(page, "Confirm");
}

/** Presses a button of the page, by its name. */
export async function press(page: Page, name: string | RegExp): Promise<void> {
  await page.getByRole("main").getByRole("button", { name }).click();
}

/** Logs out by the button in the header. */
export async function logOut(page: Page): Promise<void> {
  await page.getByRole("banner").getByRole("button", { name: "Log out" }).click();
  await expectText(page, "You are logged out.");
}

/** Waits for the page with this heading. */
export async function expectHeading(page: Page, name: string): Promise<void> {
  await page.getByRole("heading", { level: 1, name }).waitFor();
}

/** Waits for a text on the page. */
export async function expectText(page: Page, text: string | RegExp): Promise<void> {
  await page.getByText(text).first().waitFor();
}

/** Waits until the page can be told things. */
export async function expectLive(page: Page): Promise<void> {
  await page.locator("html[data-live]").waitFor();
}

/** The path and query of the page. */
export function place(page: Page): string {
  const { pathname, search } = new URL(page.url());
  return pathname + search;
}

/** Expects a page of those who are logged in to ask for the login, and to come back afterwards. */
export async function expectLoginFor(page: Page, next: string): Promise<void> {
  await expectHeading(page, "Log in");
  expect(place(page)).to.equal(`/login?next=${encodeURIComponent(next)}`);
}
