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
  it("shows a new login on an open page, with the name of the other browser", async () => {
    const page = await here().newPage();
    const email = await newUser(page);
    await expectLive(page);
    await logIn(await here().newPage(FIREFOX), email);
    await expectText(page, "New login from Firefox on Linux.");
    await page.getByRole("status").getByRole("link", { name: "Where you are logged in" }).click();
    await expectHeading(page, "Where you are logged in");
  });

  it("lists all browsers, marks this one, and redirects the open page of a logged-out browser to the login", async () => {
    const page = await here().newPage();
    const email = await newUser(page);
    const other = await here().newPage(FIREFOX);
    await logIn(other, email);
    await other.goto("/profile?from=there");
    await expectLive(other);

    await page.goto("/logins");
    const rows = page.getByRole("main").getByRole("listitem");
    expect(await rows.count()).to.equal(2);
    expect(await rows.nth(0).textContent()).to.match(/Chrome on Linux\s*this device/);
    expect(await rows.nth(1).textContent())
      .to.match(/Firefox on Linux/)
      .and.not.include("this device");
    await press(page, "Log out Firefox on Linux");
    await expectText(page, "That device is logged out.");
    expect(await rows.count()).to.equal(1);

    await expectLoginFor(other, "/profile?from=there");
    await fillInLogin(other, email);
    await expectHeading(other, "Profile");
    expect(place(other)).to.equal("/profile?from=there");
  });

  it("can be told apart by names of the user's own, and a login in a known browser is not shown as new", async () => {
    const page = await here().newPage();
    const email = await newUser(page);
    await expectLive(page);
    const other = await here().newPage(FIREFOX);
    await logIn(other, email);
    await expectText(page, "New login from Firefox on Linux.");

    await page.goto("/logins");
    await page.locator("summary", { hasText: "Rename Firefox on Linux" }).click();
    await page.getByLabel("Name of Firefox on Linux").fill("Ann's <phone>");
    await press(page, "Save the name of Firefox on Linux");
    await expectText(page, "The name is saved.");
    await other.goto("/logins");
    const rows = other.getByRole("main").getByRole("listitem");
    expect(await rows.nth(0).textContent()).to.match(/Ann's <phone>\s*this device\s*Firefox on Linux/);
    expect(await rows.nth(1).textContent()).to.match(/Chrome on Linux/);

    await page.goto("/dashboard");
    await expectLive(page);
    await logOut(other);
    await expectLive(page);
    await logIn(other, email);
    await expectText(page, "Another login from Firefox on Linux.");
  });

  it("redirects a logged-out browser without JavaScript to the login at its next request", async () => {
    const page = await here().newPage();
    const email = await newUser(page);
    const other = await here().newPage({ ...FIREFOX, javaScriptEnabled: false });
    await logIn(other, email);
    await page.goto("/logins");
    await press(page, "Log out Firefox on Linux");
    await expectText(page, "That device is logged out.");
    await expectHeading(other, `Hello, ${email}`);
    await other.getByRole("link", { name: "Profile" }).click();
    await expectLoginFor(other, "/profile");
  });

  it("logs out all other browsers, including remembered ones, and still shows new logins on this one", async () => {
    const page = await here().newPage();
    const email = await newUser(page);
    const [second, third] = [await here().newPage(FIREFOX), await here().newPage()];
    await logIn(second, email, { remember: true });
    await logIn(third, email);
    await Promise.all([second, third].map(expectLive));
    await page.goto("/logins");
    await press(page, "Log out everywhere else");
    await expectText(page, "You are logged out everywhere else.");
    await expectLoginFor(second, "/dashboard");
    await expectLoginFor(third, "/dashboard");
    await expectLive(page);
    await logIn(third, email);
    await expectText(page, "Another login from Chrome on Linux.");
  });

  it("keeps a browser's second page live and unchanged when the first page confirms the login", async () => {
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

  it("redirects a browser's second page to the login when the first page logs out", async () => {
    const page = await here().newPage();
    await newUser(page);
    const second = await page.context().newPage();
    await second.goto("/profile");
    await expectLive(second);
    await logOut(page);
    await expectLoginFor(second, "/profile");
  });

  it("logs out the other browser when the password changes, and keeps this one", async () => {
    const page = await here().newPage();
    const email = await newUser(page);
    const other = await here().newPage(FIREFOX);
    await logIn(other, email, { remember: true });
    await expectLive(other);
    await page.goto("/password");
    await page.getByLabel("New password").fill("a long new password");
    await press(page, "Change password");
    await expectText(page, "Your password is changed.");
    await expectLoginFor(other, "/dashboard");
    await page.reload();
    await expectHeading(page, `Hello, ${email}`);
    await logIn(other, email, { password: "a long new password" });
  });

  it("saves a new e-mail and a display name for the next login", async () => {
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
    await expectText(page, "Your name is shown as Ann <b>the</b> First.");
    const other = await here().newPage();
    await logIn(other, email);
    await expectHeading(other, "Hello, Ann <b>the</b> First");
  });

  it("is logged out when an admin switches it off or ends its logins, and can log in when it is on again", async () => {
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
