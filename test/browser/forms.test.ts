import { expect } from "chai";
import sinon from "sinon";
import { Accounts } from "../../examples/web/accounts.js";
import { inChromium } from "../support/chromium.js";
import { ANN, type SecondFactorSite, serveSecondFactor } from "../support/second-factor.js";
import { expectHeading, expectText, FIREFOX, fillInLogin, logIn, place, press } from "./steps.js";

const MINUTE = 60_000;

inChromium("the pages of the example site, in a browser", (here) => {
  let site: SecondFactorSite;

  beforeEach(async () => {
    sinon.useFakeTimers({ now: Date.now(), toFake: ["Date"] });
    site = await serveSecondFactor();
  });

  afterEach(() => sinon.restore());

  const newPage = (options = {}) => here().newPage({ baseURL: site.origin, ...options });

  it("mark the current page, and the section of a page, in the navigation", async () => {
    const page = await newPage();
    await logIn(page, ANN.email, ANN);
    const current = () =>
      page
        .getByRole("navigation")
        .locator("[aria-current]")
        .evaluateAll((links) => links.map((link) => `${link.textContent} ${link.getAttribute("aria-current")}`));
    for (const [path, marked] of [
      ["/dashboard", ["Dashboard page"]],
      ["/logins", ["Devices page"]],
      ["/security", ["Security page"]],
      ["/security/app", ["Security true"]],
      ["/profile", []],
    ] as const) {
      await page.goto(path);
      expect(await current(), path).to.deep.equal(marked);
    }
  });

  it("say how long ago a login was used, with the exact time on hover", async () => {
    const [page, other] = [await newPage(), await newPage(FIREFOX)];
    await logIn(other, ANN.email, ANN);
    sinon.clock.tick(3 * MINUTE);
    await logIn(page, ANN.email, ANN);
    await page.goto("/logins");
    const time = page.getByRole("listitem").filter({ hasText: "Firefox on Linux" }).locator("time").last();
    expect(await time.textContent()).to.equal("3 minutes ago");
    expect(await time.getAttribute("title")).to.match(/^\w+ \d+, \d{4}, \d+:\d\d\s[AP]M UTC$/);
  });

  it("send a message about a login in a new browser, and none about the next login in it", async () => {
    const page = await newPage(FIREFOX);
    await logIn(page, ANN.email, ANN);
    await page.goto("/logins");
    await page.getByRole("banner").getByRole("button", { name: "Log out" }).click();
    await expectText(page, "You are logged out.");
    await logIn(page, ANN.email, ANN);
    expect(site.mails.map(({ to, subject }) => [to, subject])).to.deep.equal([
      [ANN.email, "New login to your account"],
    ]);
    expect(site.mails[0]!.text).to.include("Firefox on Linux");
  });

  it("send a form again after an error of the server, with what was typed", async () => {
    const page = await newPage();
    await logIn(page, ANN.email, ANN);
    await page.goto("/profile");
    const rename = sinon.stub(Accounts.prototype, "rename").rejects(new Error("in a test"));
    const log = sinon.stub(console, "error");
    await page.getByLabel("Display name").fill('Ann "the key" <3');
    await press(page, "Save");
    await expectHeading(page, "Something went wrong");
    rename.restore();
    log.restore();
    await press(page, "Try again");
    await expectHeading(page, 'Hello, Ann "the key" <3');
  });

  it("keep the e-mail and the checkbox when there were too many wrong passwords", async () => {
    const page = await newPage();
    await page.goto("/login?next=/profile");
    await page.getByLabel("Stay logged in").check();
    for (let wrong = 1; wrong <= 6; wrong++) await fillInLogin(page, ANN.email, "wrong password");
    await expectText(page, "Please try again in 15 minutes.");
    expect(await page.getByLabel("E-mail").inputValue()).to.equal(ANN.email);
    expect(await page.getByLabel("Stay logged in").isChecked()).to.equal(true);
    sinon.clock.tick(15 * MINUTE + 1);
    await fillInLogin(page, ANN.email, ANN.password);
    await expectHeading(page, "Profile");
    expect(place(page)).to.equal("/profile");
  });

  it("accept a pasted password, and reject one that is too long instead of cutting it off", async () => {
    const page = await newPage();
    const paste = async (password: string) => {
      await page.goto("/signup");
      await page.getByLabel("E-mail").fill("cara@example.com");
      await page.getByLabel("Password").focus();
      await page.keyboard.insertText(password); // as a paste, which respects maxlength
      await press(page, "Sign up");
    };
    const long = "seven green doors ".repeat(8);
    await paste(long);
    await expectText(page, "Use at most 128 characters.");
    await paste(long.slice(0, 127));
    await expectHeading(page, "Hello, cara@example.com");
    const login = await newPage();
    await logIn(login, "cara@example.com", { password: long.slice(0, 127) });
  });

  it("show a password on request, and hide it before it is sent", async () => {
    const page = await newPage();
    await page.goto("/login");
    const input = page.getByLabel("Password");
    await input.fill("wrong password");
    await press(page, "Show password");
    expect(await input.getAttribute("type")).to.equal("text");
    await press(page, "Hide password");
    expect(await input.getAttribute("type")).to.equal("password");
    await press(page, "Show password");
    await fillInLogin(page, ANN.email, "wrong password");
    await expectText(page, "The e-mail or the password is wrong.");
    expect(await page.getByLabel("Password").getAttribute("type")).to.equal("password");

    const without = await newPage({ javaScriptEnabled: false });
    await without.goto("/login");
    expect(await without.getByRole("button", { name: "Show password" }).count()).to.equal(0);
  });
});
