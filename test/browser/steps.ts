import { expect } from "chai";
import type { Page } from "playwright-core";

/** The password of every user that these steps sign up. */
export const PASSWORD = "correct horse battery";
/** Options of a browser that the site shows as "Firefox on Linux". */
export const FIREFOX = { userAgent: "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0" };

let people = 0;

/** Returns an e-mail that no account has. */
export function newEmail(): string {
  people += 1;
  return `person${people}-${process.pid}@example.com`;
}

/** Signs up a new user with the form. Returns the e-mail. */
export async function signUp(page: Page, email = newEmail()): Promise<string> {
  await page.goto("/signup");
  await page.getByLabel("E-mail").fill(email);
  await page.getByLabel("Password").fill(PASSWORD);
  await press(page, "Sign up");
  await expectHeading(page, `Hello, ${email}`);
  return email;
}

/** Signs up a new user through the API, which is faster, and opens the dashboard. Returns the e-mail. */
export async function newUser(page: Page, email = newEmail()): Promise<string> {
  const answer = await page.context().request.post("/api/signup", { data: { email, password: PASSWORD } });
  expect(answer.status()).to.equal(201);
  await page.goto("/dashboard");
  return email;
}

/** Fills in and sends the login form on the current page. */
export async function fillInLogin(page: Page, email: string, password = PASSWORD): Promise<void> {
  await page.getByLabel("E-mail").fill(email);
  await page.getByLabel("Password").fill(password);
  await press(page, "Log in");
}

/** Logs a user in with the form. */
export async function logIn(page: Page, email: string, { password = PASSWORD, remember = false } = {}): Promise<void> {
  await page.goto("/login");
  if (remember) await page.getByLabel("Stay logged in").check();
  await fillInLogin(page, email, password);
  await expectHeading(page, "Hello");
}

/** Enters the password on the page that asks for it again. */
export async function confirm(page: Page, password = PASSWORD): Promise<void> {
  await expectHeading(page, "Confirm your password");
  await page.getByLabel("Password").fill(password);
  await press(page, "Confirm");
}

/** Presses the button with this name. */
export async function press(page: Page, name: string | RegExp): Promise<void> {
  await page.getByRole("main").getByRole("button", { name }).click();
}

/** Logs out with the button in the header. */
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

/** Waits until the page can receive live notes. */
export async function expectLive(page: Page): Promise<void> {
  await page.locator("html[data-live]").waitFor();
}

/** Returns the path and query of the page. */
export function place(page: Page): string {
  const { pathname, search } = new URL(page.url());
  return pathname + search;
}

/** Expects the login page, with `next` as the redirect target after the login. */
export async function expectLoginFor(page: Page, next: string): Promise<void> {
  await expectHeading(page, "Log in");
  expect(place(page)).to.equal(`/login?next=${encodeURIComponent(next)}`);
}
