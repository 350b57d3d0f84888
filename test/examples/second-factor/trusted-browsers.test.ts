import { expect } from "chai";
import type { Request } from "express";
import { encodeCookie } from "latchkey";
import sinon from "sinon";
import { trustedSince } from "../../../examples/web/second-factor/trusted-browser.js";
import { SECRET } from "../../support/people.js";
import {
  ANN,
  BOB,
  type Client,
  codeOf,
  type SecondFactorSite,
  serveSecondFactor,
} from "../../support/second-factor.js";

const MINUTE = 60_000;
const STEP = 30_000;
const DAY = 24 * 60 * MINUTE;

describe("a trusted browser of the example site", () => {
  let site: SecondFactorSite;

  beforeEach(async () => {
    sinon.useFakeTimers({ now: Date.now(), toFake: ["Date"] });
    site = await serveSecondFactor();
  });

  afterEach(() => sinon.restore());

  /** A browser that is trusted, and logged out. */
  async function trusted(secret: string): Promise<Client> {
    const browser = await site.halfway();
    await browser.sendCode(codeOf(secret), { trust: "on" });
    await browser.post("/logout");
    return browser;
  }

  it("is not asked for the code for 30 days, except before a change of the factors", async () => {
    const { secret } = await site.withApp();
    const browser = await trusted(secret);
    await browser.restart();
    sinon.clock.tick(30 * DAY - 2 * MINUTE);
    expect((await browser.logIn()).location).to.equal("/dashboard");
    expect(await browser.isIn()).to.equal(true);
    expect((await browser.get("/security/recovery-codes")).location).to.include("/second-factor?");
    expect((await browser.get("/password")).location).to.include("/second-factor?");
    await browser.post("/logout");
    sinon.clock.tick(2 * MINUTE);
    expect((await browser.logIn()).location).to.include("/second-factor?");
  });

  it("still needs the password, and is trusted for one user only", async () => {
    const { secret } = await site.withApp();
    await site.withApp(BOB);
    const browser = await trusted(secret);
    expect((await browser.logIn({ ...ANN, password: "wrong password" })).status).to.equal(422);
    expect((await browser.logIn(BOB)).location).to.include("/second-factor?");
  });

  it("is never trusted after a recovery code, or after a code that was wrong", async () => {
    const { browser: own } = await site.withApp();
    const [code] = await own.makeRecoveryCodes();
    const browser = await site.halfway();
    await browser.sendCode("000000", { trust: "on" });
    await browser.post("/second-factor/recovery", { form: { recoveryCode: code!, trust: "on" } });
    expect(await browser.isIn()).to.equal(true);
    expect(await browser.cookie("trusted")).to.equal(undefined);
  });

  it("is not trusted if its cookie was forged or changed", async () => {
    const { secret } = await site.withApp();
    const browser = await trusted(secret);
    const [content, signature] = (await browser.cookie("trusted"))!.split(".") as [string, string];
    const later = Buffer.from(JSON.stringify(["trusted browser", "1", Date.now() + DAY])).toString("base64url");
    for (const value of [
      `${later}.${signature}`,
      `${content}.`,
      content,
      `${content}.${"A".repeat(43)}`,
      "x.y.z",
      "",
    ]) {
      const forger = site.client();
      await forger.setCookie("trusted", value);
      expect((await forger.logIn()).location, value).to.include("/second-factor?");
    }
  });

  it("is trusted by a cookie of this purpose and user only, even if the secret is the same for all users", () => {
    const reqWith = (cookie: string) => ({ secure: false, headers: { cookie: `trusted=${cookie}` } }) as Request;
    const since = Date.now();
    const cookie = encodeCookie(JSON.stringify(["trusted browser", "1", since]), SECRET);
    const others = [
      ["trusted browser", "2", since],
      ["something else", "1", since],
    ];
    expect(trustedSince(reqWith(cookie), "1", SECRET)).to.equal(since);
    for (const content of others) {
      expect(trustedSince(reqWith(encodeCookie(JSON.stringify(content), SECRET)), "1", SECRET)).to.equal(null);
    }
  });

  const ends: Record<string, (browser: Client, secret: string) => Promise<unknown>> = {
    "the password changes": async (browser) => {
      await browser.post("/password", { form: { password: "a long new password" } });
      await browser.post("/password", { form: ANN });
    },
    "the user logs out everywhere else": (browser) => browser.post("/logins/end-others"),
    "an app is set up again": (browser) => browser.addApp(),
    "a remember cookie was stolen": async (_, secret) => {
      const [owner, thief] = [await site.halfway(), site.client()];
      await owner.logIn({ ...ANN, remember: "on" });
      await owner.sendCode(codeOf(secret));
      await thief.setCookie("remember", (await owner.cookie("remember"))!);
      for (let use = 1; use <= 2; use++) {
        await owner.restart();
        expect(await owner.isIn()).to.equal(true);
        sinon.clock.tick(2 * MINUTE);
      }
      expect(await thief.isIn()).to.equal(false);
      expect(await owner.isIn(), "the theft was noticed").to.equal(false);
    },
  };
  for (const [title, end] of Object.entries(ends)) {
    it(`is not trusted any more when ${title}`, async () => {
      const { browser, secret } = await site.withApp();
      const other = await trusted(secret);
      sinon.clock.tick(STEP);
      await end(browser, secret);
      expect((await other.logIn()).location).to.include("/second-factor?");
    });
  }
});
