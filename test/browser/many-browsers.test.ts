import { expect } from "chai";
import type { Page } from "playwright-core";
import { inChromium } from "../support/chromium.js";
import {
  expectHeading,
  expectLive,
  expectLoginFor,
  expectText,
  FIREFOX,
  fillInLogin,
  logIn,
  logOut,
  newEmail,
  newUser,
  PASSWORD,
  place,
  press,
} from "./steps.js";

inChromium("an account in several browsers", (here) => {
  it("tells an open page of a login elsewhere, by the name of the browser", async () => {
    const page = await here().newPage();
    const email = await newUser(page);
    await expectLive(page);
    await logIn(await here().newPage(FIREFOX), email);
    await expectText(page, "New login from Firefox on Linux.");
    await page.getByRole("status").getByRole("link", { name: "Where you are logged in" }).click();
    await expectHeading(page, "Where you are logged in");
  });

  it("shows every browser, marks this one, and sends another one's open page to the login at once", async () => {
    const page = await here().newPage();
    const email = await newUser(page);
    const other = await here().newPage(FIREFOX);
    await logIn(other, email);
    await other.goto("/profile?from=there");
    await expectLive(other);

    await page.goto("/logins");
    const rows = page.getByRole("main").getByRole("listitem");
    expect(await rows.count()).to.equal(2);
    expect(await rows.nth(0).textContent()).to.match(/Chrome on Linux\s*this browser/);
    expect(await rows.nth(1).textContent())
      .to.match(/Firefox on Linux/)
      .and.not.include("this browser");
    await press(page, "Log out Firefox on Linux");
    await expectText(page, "That browser is logged out.");
    expect(await rows.count()).to.equal(1);

    await expectLoginFor(other, "/profile?from=there");
    await fillInLogin(other, email);
    await expectHeading(other, "Profile");
    expect(place(other)).to.equal("/profile?from=there");
  });

  it("sends a browser without JavaScript to the login at its next request", async () => {
    const page = await here().newPage();
    const email = await newUser(page);
    const other = await here().newPage({ ...FIREFOX, javaScriptEnabled: false });
    await logIn(other, email);
    await page.goto("/logins");
    await press(page, "Log out Firefox on Linux");
    await expectText(page, "That browser is logged out.");
    await expectHeading(other, `Hello, ${email}`);
    await other.getByRole("link", { name: "Profile" }).click();
    await expectLoginFor(other, "/profile");
  });

  it("logs all others out, remembered ones too, and keeps this one, which goes on being told", async () => {
    const page = await here().newPage();
    const email = await newUser(page);
    const [second, third] = [await here().newPage(FIREFOX), await here().newPage()];
    await logIn(second, email, { remember: true });
    await logIn(third, email);
    await Promise.all([second, third].map(expectLive));
    await page.goto("/logins");
    await press(page, "Log out everywhere but here");
    await expectText(page, "You are logged out everywhere but here.");
    await expectLoginFor(second, "/dashboard");
    await expectLoginFor(third, "/dashboard");
    await expectLive(page);
    await logIn(third, email);
    await expectText(page, "New login from Chrome on Linux.");
  });

  it("keeps another page of the same browser when one of them confirms its login", async () => {
    const page = await here().newPage();
    await newUser(page);
    const second = await page.context().newPage();
    await second.goto("/profile");
    await expectLive(second);
    await second.getByLabel("Display name").fill("typed, not sent");
    await page.goto("/confirm");
    await page.getByLabel("Password").fill(PASSWORD);
    await press(page, "Confirm");
    await expectHeading(page, "Hello");
    await logIn(await here().newPage(FIREFOX), await emailOn(page));
    await expectText(second, "New login from Firefox on Linux.");
    expect(await second.getByLabel("Display name").inputValue()).to.equal("typed, not sent");
  });

  it("sends the other pages of a browser to the login when one of them logs out", async () => {
    const page = await here().newPage();
    await newUser(page);
    const second = await page.context().newPage();
    await second.goto("/profile");
    await expectLive(second);
    await logOut(page);
    await expectLoginFor(second, "/profile");
  });

  it("logs the other browser out when the password changes, and keeps this one", async () => {
    const page = await here().newPage();
    const email = await newUser(page);
    const other = await here().newPage(FIREFOX);
    await logIn(other, email, { remember: true });
    await expectLive(other);
    await page.goto("/password");
    await page.getByLabel("New password").fill("a new password");
    await press(page, "Change password");
    await expectText(page, "Your password is changed.");
    await expectLoginFor(other, "/dashboard");
    await page.reload();
    await expectHeading(page, `Hello, ${email}`);
    await logIn(other, email, { password: "a new password" });
  });

  it("takes a new e-mail and a display name, which hold at the next login", async () => {
    const page = await here().newPage();
    await newUser(page);
    const email = newEmail();
    await page.goto("/email");
    await page.getByLabel("New e-mail").fill(` ${email.toUpperCase()} `);
    await press(page, "Change e-mail");
    await expectText(page, "Your e-mail is changed.");
    await page.goto("/profile");
    await page.getByLabel("Display name").fill("Ann <b>the</b> First");
    await press(page, "Save");
    await expectText(page, "We call you Ann <b>the</b> First from now on.");
    const other = await here().newPage();
    await logIn(other, email);
    await expectHeading(other, "Hello, Ann <b>the</b> First");
  });

  it("leaves at once when an admin switches the account off, and may come back when it is on again", async () => {
    const page = await here().newPage();
    const email = await newUser(page);
    await expectLive(page);
    const admin = await here().newPage();
    const { example } = here();
    await logIn(admin, example.admin.email, example.admin);
    await admin.goto("/admin");
    await press(admin, `Switch off ${email}`);
    await expectText(admin, "The account is switched off");
    await expectLoginFor(page, "/dashboard");
    await fillInLogin(page, email);
    await expectText(page, "This account is switched off.");
    await press(admin, `Switch on ${email}`);
    await expectText(admin, "The account is switched on.");
    await fillInLogin(page, email);
    await expectHeading(page, `Hello, ${email}`);

    await expectLive(page);
    await press(admin, `Log out everywhere ${email}`);
    await expectText(admin, "Ended 1 login of the account.");
    await expectLoginFor(page, "/dashboard");
  });
});

async function emailOn(page: Page): Promise<string> {
  return (await page.getByRole("definition").first().textContent())!;
}
