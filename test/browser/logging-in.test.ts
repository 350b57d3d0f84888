import { expect } from "chai";
import { inChromium } from "../support/chromium.js";
import {
  expectHeading,
  expectLoginFor,
  expectText,
  fillInLogin,
  logIn,
  logOut,
  newEmail,
  newUser,
  PASSWORD,
  place,
  press,
  signUp,
} from "./steps.js";

inChromium("logging in with a browser", (here) => {
  it("signs up a user, logs out and logs in", async () => {
    const page = await here().newPage();
    const email = await signUp(page);
    await expectText(page, "Your account is ready.");
    await logOut(page);
    await page.goto("/dashboard");
    await expectLoginFor(page, "/dashboard");
    await logIn(page, email);
    await expectText(page, `You are logged in as ${email}.`);
    await page.reload();
    expect(await page.getByText("You are logged in as").count(), "greeted once").to.equal(0);
  });

  it("shows that the password is wrong, and keeps the e-mail but not the password", async () => {
    const page = await here().newPage();
    const email = await newUser(await here().newPage());
    await page.goto("/login");
    await fillInLogin(page, email, "wrong password");
    await expectText(page, "The e-mail or the password is wrong.");
    expect(await page.getByLabel("E-mail").inputValue()).to.equal(email);
    expect(await page.getByLabel("Password").inputValue()).to.equal("");
  });

  it("rejects even the right password after five wrong ones, but lets other users log in", async () => {
    const page = await here().newPage();
    const email = await newUser(await here().newPage());
    const other = await newUser(await here().newPage());
    await page.goto("/login");
    for (let wrong = 1; wrong <= 5; wrong++) {
      await fillInLogin(page, email, `wrong password ${wrong}`);
      await expectText(page, "The e-mail or the password is wrong.");
    }
    await page.getByLabel("E-mail").fill(email);
    await page.getByLabel("Password").fill(PASSWORD);
    const [answer] = await Promise.all([page.waitForResponse(/\/login$/), press(page, "Log in")]);
    expect([answer.status(), answer.headers()["retry-after"]]).to.deep.equal([429, "900"]);
    await expectText(page, "There were too many wrong passwords. Please try again in 15 minutes.");
    await logIn(page, other);
  });

  it("redirects to the requested page and its query after a login", async () => {
    const page = await here().newPage();
    const email = await signUp(page);
    await logOut(page);
    const asked = "/dashboard?tab=a%26b&q=%C3%A9+1";
    await page.goto(asked);
    await expectText(page, "Please log in to access this page.");
    await expectLoginFor(page, asked);
    await fillInLogin(page, email, "wrong password");
    await expectText(page, "The e-mail or the password is wrong.");
    await fillInLogin(page, email);
    await expectHeading(page, "Hello");
    expect(place(page)).to.equal(asked);
  });

  it("redirects to the requested page and its query after a sign-up", async () => {
    const page = await here().newPage();
    await page.goto("/logins?from=a%20letter");
    await page.getByRole("main").getByRole("link", { name: "Sign up" }).click();
    await expectHeading(page, "Sign up");
    await page.getByLabel("E-mail").fill(newEmail());
    await page.getByLabel("Password").fill(PASSWORD);
    await press(page, "Sign up");
    await expectHeading(page, "Where you are logged in");
    expect(place(page)).to.equal("/logins?from=a%20letter");
  });

  it("does not show a private page when the user goes back after a logout", async () => {
    const page = await here().newPage();
    const email = await signUp(page);
    await page.goto("/profile");
    await logOut(page);
    await page.goBack();
    await expectHeading(page, "Log in");
    expect(await page.content()).not.to.include(email);
  });
});
