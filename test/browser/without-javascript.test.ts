import { expect } from "chai";
import { guardTable } from "latchkey/routing-controllers";
import { controllers } from "../../examples/web/app.js";
import { inChromium } from "../support/chromium.js";
import { codeOf } from "../support/second-factor.js";
import { sendCode } from "./factor-steps.js";
import {
  confirm,
  expectHeading,
  expectText,
  FIREFOX,
  fillInLogin,
  logIn,
  logOut,
  newEmail,
  PASSWORD,
  press,
  signUp,
} from "./steps.js";

const WITHOUT = { javaScriptEnabled: false };

inChromium("the example site without JavaScript", (here) => {
  it("accepts every form", async () => {
    const { example, newPage } = here();
    const page = await newPage(WITHOUT);
    const taken = new Set<string>();
    page.context().on("response", (answer) => {
      if (answer.request().method() === "POST" && answer.status() < 400) taken.add(routeOf(answer.url()));
    });

    await signUp(page);
    const email = newEmail();
    await page.goto("/email");
    await page.getByLabel("New e-mail").fill(email);
    await press(page, "Change e-mail");
    await expectText(page, "Your e-mail is changed.");
    await page.goto("/profile");
    await page.getByLabel("Display name").fill("Ann");
    await press(page, "Save");
    await expectHeading(page, "Hello, Ann");
    await page.goto("/password");
    await page.getByLabel("New password").fill("a long new password");
    await press(page, "Change password");
    await expectText(page, "Your password is changed.");

    await page.goto("/security/app");
    const secret = (await page.locator("code.secret").innerText()).replaceAll(" ", "");
    await page.getByLabel("Code").fill(codeOf(secret));
    await press(page, "Finish");
    await press(page, "Make new recovery codes");
    const recoveryCode = await page.locator("li code").first().innerText();
    const steps = [
      () => sendCode(page, codeOf(secret, Date.now() + 30_000)), // each code works once
      async () => {
        await page.getByText("I cannot do this now").click();
        await page.getByLabel("Recovery code").fill(recoveryCode);
        await press(page, "Use this recovery code");
      },
    ];
    for (const step of steps) {
      await logOut(page);
      await page.goto("/login");
      await fillInLogin(page, email, "a long new password");
      await expectHeading(page, "One more step");
      await step();
      await expectHeading(page, "Hello, Ann");
    }
    await page.goto("/security");
    await press(page, "Remove the app");
    await expectText(page, "Your authenticator app is removed.");

    await page.goto("/tokens");
    await page.getByLabel("What is it for?").fill("a script");
    await press(page, "Create a token");
    await expectText(page, "Copy the new token now.");
    await press(page, "Remove a script");
    await expectText(page, "The token is removed.");

    await logOut(page);
    await page.goto("/login");
    await fillInLogin(page, email, "a long new password");
    await expectHeading(page, "Hello, Ann");
    await page.goto("/confirm");
    await confirm(page, "a long new password");
    await expectHeading(page, "Hello, Ann");

    await logIn(await newPage({ ...FIREFOX, ...WITHOUT }), email, { password: "a long new password" });
    await page.goto("/logins");
    await page.locator("summary", { hasText: "Rename Firefox on Linux" }).click();
    await page.getByLabel("Name of Firefox on Linux").fill("phone");
    await press(page, "Save the name of Firefox on Linux");
    await expectText(page, "The name is saved.");
    await press(page, "Log out phone");
    await expectText(page, "That device is logged out.");
    await logIn(await newPage({ ...FIREFOX, ...WITHOUT }), email, { password: "a long new password" });
    await page.goto("/logins");
    await press(page, "Log out everywhere else");
    await expectText(page, "You are logged out everywhere else.");

    await logOut(page);
    await logIn(page, example.admin.email, example.admin);
    await page.goto("/admin");
    for (const button of ["Log out everywhere ", "Switch off ", "Switch on "]) {
      await press(page, `${button}${email}`);
      await page.getByRole("main").getByRole("status").filter({ hasText: "account" }).waitFor();
    }

    // Passkeys need JavaScript.
    const routes = guardTable(controllers).filter(
      ({ method, path }) => method === "POST" && !/^\/api|passkey/.test(path),
    );
    expect([...taken]).to.have.members(routes.map(({ path }) => path));
  });

  it("shows the errors of a form", async () => {
    const page = await here().newPage(WITHOUT);
    const email = await signUp(page);
    await page.goto("/profile");
    await page.getByLabel("Display name").evaluate((input) => input.removeAttribute("maxlength"));
    await page.getByLabel("Display name").fill("x".repeat(81));
    await press(page, "Save");
    await expectText(page, "Use at most 80 characters.");
    await page.goto("/email");
    await page.getByLabel("New e-mail").fill(here().example.admin.email);
    await press(page, "Change e-mail");
    await expectText(page, "An account with this e-mail already exists.");
    await logIn(await here().newPage(), email, { password: PASSWORD });
  });
});

/** Returns the route of a form's URL, such as `/logins/:id/end` for `/logins/7/end`. */
function routeOf(url: string): string {
  return new URL(url).pathname
    .replace(/^\/logins\/[^/]+\/(end|name)$/, "/logins/:id/$1")
    .replace(/^\/(admin\/users|tokens)\/\d+\//, "/$1/:id/");
}
