import type { Page } from "playwright-core";
import type { InChromium } from "../support/chromium.js";
import { expectHeading, expectText, FIREFOX, fillInLogin, logIn, newUser, press } from "./steps.js";

/** A page of the example site in one of its states. */
export interface Stop {
  name: string;
  page: Page;
}

/** Opens every page of the example site with some content, and yields each one. */
export async function* tour({ newPage, example }: InChromium): AsyncGenerator<Stop> {
  const visitor = await newPage();
  const visits: Array<[name: string, path: string]> = [
    ["home", "/"],
    ["sign-up", "/signup"],
    ["log-in", "/login?next=/dashboard"],
    ["not-found", "/nothing"],
  ];
  for (const [name, path] of visits) {
    await visitor.goto(path);
    yield { name, page: visitor };
  }
  await visitor.goto("/dashboard");
  await fillInLogin(visitor, "ben@example.com", "wrong password");
  await expectText(visitor, "The e-mail or the password is wrong.");
  yield { name: "log-in-wrong", page: visitor };
  for (let wrong = 2; wrong <= 6; wrong++) await fillInLogin(visitor, "ben@example.com", "wrong password");
  await expectText(visitor, "Please try again in 15 minutes.");
  yield { name: "log-in-too-often", page: visitor };
  await visitor.goto("/signup");
  await visitor.getByLabel("E-mail").fill("ben@example.com");
  await visitor.getByLabel("Password").fill("correct horse battery staple");
  await press(visitor, "Sign up");
  await expectText(visitor, "Many people use this password");
  yield { name: "sign-up-common", page: visitor };

  const page = await newPage();
  const email = await newUser(page, "ann@example.com");
  await page.goto("/profile");
  await page.getByLabel("Display name").fill("Ann");
  await press(page, "Save");
  await expectHeading(page, "Hello, Ann");
  yield { name: "dashboard", page };
  await logIn(await newPage(FIREFOX), email, { remember: true });
  await expectText(page, "New login from Firefox on Linux.");
  yield { name: "new-login", page };
  for (const name of ["home", "profile", "email", "password", "confirm", "logins"]) {
    await page.goto(name === "home" ? "/" : `/${name}`);
    yield { name: name === "home" ? "home-logged-in" : name, page };
  }
  await page.locator("summary", { hasText: "Rename Firefox on Linux" }).click();
  yield { name: "logins-rename", page };
  await page.goto("/email");
  await page.getByLabel("New e-mail").fill(example.admin.email);
  await press(page, "Change e-mail");
  await expectText(page, "An account with this e-mail already exists.");
  yield { name: "email-taken", page };
  await page.goto("/tokens");
  yield { name: "tokens-none", page };
  await page.getByLabel("What is it for?").fill("the backup script");
  await press(page, "Create a token");
  await expectText(page, "Copy the new token now.");
  yield { name: "tokens", page };
  await page.goto("/admin");
  yield { name: "forbidden", page };

  const admin = await newPage();
  await logIn(admin, example.admin.email, example.admin);
  await admin.goto("/admin");
  await press(admin, `Switch off ${email}`);
  await expectText(admin, "The account is switched off");
  yield { name: "admin", page: admin };
}
