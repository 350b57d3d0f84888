import { expect } from "chai";
import { guardTable } from "latchkey/routing-controllers";
import sinon from "sinon";
import { controllers } from "../../examples/second-factor/app.js";
import { ANN, BOB, Client, codeOf, type SecondFactorSite, serveSecondFactor } from "../support/second-factor.js";

const MINUTE = 60_000;
const STEP = 30_000;
const DAY = 24 * 60 * MINUTE;

describe("the example with a second factor", () => {
  let site: SecondFactorSite;

  beforeEach(async () => {
    sinon.useFakeTimers({ now: Date.now(), toFake: ["Date"] });
    site = await serveSecondFactor();
  });

  afterEach(() => sinon.restore());

  const client = () => new Client(site.origin);

  /** A logged-in client, and the secret of the authenticator app that it has set up. */
  async function withApp(person = ANN): Promise<{ browser: Client; secret: string }> {
    const browser = client();
    await browser.logIn(person);
    const secret = await browser.addApp();
    sinon.clock.tick(STEP); // the code of the setup is used up
    return { browser, secret };
  }

  /** A client that has sent the password but no code. */
  async function halfway(person = ANN): Promise<Client> {
    const browser = client();
    expect((await browser.logIn(person)).location).to.equal("/second-factor?next=%2Fsecurity");
    return browser;
  }

  it("logs in with the password alone until a second factor is set up", async () => {
    const browser = client();
    expect((await browser.logIn()).location).to.equal("/security");
    expect((await browser.get("/security")).text).to.include("Your password is all that protects your account.");
    expect((await browser.get("/second-factor")).location).to.equal("/security");
  });

  it("asks for a code after the password, and then opens the requested page", async () => {
    const { secret } = await withApp();
    const browser = client();
    const asked = await browser.get("/security/password");
    expect(asked.location).to.equal("/login?next=%2Fsecurity%2Fpassword");
    const next = "/security/password";
    expect((await browser.logIn({ ...ANN, next })).location).to.equal(
      `/second-factor?next=${encodeURIComponent(next)}`,
    );
    expect((await browser.get("/second-factor?next=/security/password")).text).to.include('value="/security/password"');
    expect((await browser.sendCode("000000", { next })).status).to.equal(422);
    expect((await browser.sendCode(codeOf(secret), { next })).location).to.equal(next);
    expect((await browser.get(next)).status).to.equal(200);
  });

  it("opens no guarded page and no guarded action before the code", async () => {
    await withApp();
    const browser = await halfway();
    const routes = guardTable(controllers).filter(({ guard }) => guard !== "public");
    expect(routes).to.have.length.above(10);
    for (const { method, path } of routes) {
      const { status, location } = await browser.send(method, path.replace(":id", "x"));
      expect([status, location?.split("?")[0]], path).to.deep.equal([method === "GET" ? 302 : 303, "/second-factor"]);
      const { status: forPrograms } = await browser.send(method, path.replace(":id", "x"), {
        headers: { accept: "application/json" },
      });
      expect(forPrograms, path).to.equal(401);
    }
  });

  it("accepts a code once, even if it arrives twice at the same time", async () => {
    const { secret } = await withApp();
    const [first, second, third] = await Promise.all([halfway(), halfway(), halfway()]);
    const code = codeOf(secret);
    const statuses = await Promise.all([first, second].map(async (browser) => (await browser.sendCode(code)).status));
    expect(statuses.sort()[0]).to.equal(303);
    expect(statuses[1]).to.be.oneOf([422, 429]);
    expect((await third.sendCode(code)).status).to.equal(422);
    sinon.clock.tick(STEP);
    expect((await third.sendCode(code)).status, "an old code").to.equal(422);
    expect((await third.sendCode(codeOf(secret))).status, "the next one").to.equal(303);
  });

  it("accepts a code from a clock that is wrong by 30 seconds, but not by a minute", async () => {
    const { secret } = await withApp();
    sinon.clock.tick(2 * STEP);
    const codes = [-2, 2, -1, 1].map((steps) => codeOf(secret, Date.now() + steps * STEP));
    const statuses: number[] = [];
    for (const code of codes) statuses.push((await (await halfway()).sendCode(code)).status);
    expect(statuses).to.deep.equal([422, 422, 303, 303]);
  });

  it("changes the session id at each step, so a session that was planted or copied before gives nothing", async () => {
    const { secret } = await withApp();
    const [victim, attacker] = [client(), await halfway(ANN)];
    // The attacker's own login that is not complete, in the victim's browser.
    const planted = (await attacker.cookie("sid"))!;
    await victim.setCookie("sid", planted);
    await victim.logIn();
    const afterPassword = (await victim.cookie("sid"))!;
    await victim.sendCode(codeOf(secret));
    const afterCode = (await victim.cookie("sid"))!;
    expect(new Set([planted, afterPassword, afterCode]).size).to.equal(3);
    expect(await victim.isIn()).to.equal(true);
    for (const old of [planted, afterPassword]) {
      const thief = client();
      await thief.setCookie("sid", old);
      expect((await thief.get("/security")).location).to.equal("/login?next=%2Fsecurity");
      sinon.clock.tick(STEP);
      expect((await thief.sendCode(codeOf(secret))).location).to.equal("/login");
    }
  });

  it("begins anew when the login is given up, or is not completed within ten minutes", async () => {
    const { secret } = await withApp();
    const browser = await halfway();
    await browser.post("/logout");
    expect((await browser.sendCode(codeOf(secret))).location).to.equal("/login");
    const slow = await halfway();
    sinon.clock.tick(10 * MINUTE);
    expect((await slow.sendCode(codeOf(secret))).location).to.equal("/login");
    expect((await slow.get("/login")).text).to.include("That took too long. Please log in again.");
    await slow.logIn();
    expect((await slow.sendCode(codeOf(secret))).location).to.equal("/security");
  });

  it("asks for the factor of the user who sent the last password", async () => {
    const { secret } = await withApp();
    const { secret: secretOfBob } = await withApp(BOB);
    const browser = await halfway();
    expect((await browser.sendCode(codeOf(secretOfBob))).status, "Bob's code for Ann's login").to.equal(422);
    await browser.logIn(BOB);
    expect((await browser.sendCode(codeOf(secret))).status, "Ann's code for Bob's login").to.equal(422);
    expect((await browser.sendCode(codeOf(secretOfBob))).location).to.equal("/security");
    expect((await browser.get("/security")).text)
      .to.include(BOB.email)
      .and.not.include(ANN.email);
  });

  it("checks five wrong codes, and then one after each wait, which doubles", async () => {
    const { secret } = await withApp();
    const browser = await halfway();
    const statuses: number[] = [];
    const send = async (code = "000000") => void statuses.push((await browser.sendCode(code)).status);
    for (let time = 1; time <= 5; time++) await send();
    await send(codeOf(secret));
    sinon.clock.tick(MINUTE);
    await send();
    sinon.clock.tick(MINUTE);
    await send(codeOf(secret));
    expect(statuses).to.deep.equal([422, 422, 422, 422, 422, 429, 422, 429]);
    sinon.clock.tick(MINUTE);
    expect((await browser.sendCode(codeOf(secret))).status).to.equal(303);
    expect((await browser.get("/security")).text).to.include("6 wrong codes were entered");
    sinon.clock.tick(STEP);
    expect((await (await halfway()).sendCode("000000")).status, "counted from zero again").to.equal(422);
  });

  it("checks no more codes if many arrive at the same time, from many sessions", async () => {
    const { secret } = await withApp();
    const browsers: Client[] = [];
    while (browsers.length < 20) browsers.push(await halfway());
    let checked = 0;
    for (let round = 1; round <= 5; round++) {
      const answers = await Promise.all(browsers.map((browser) => browser.sendCode("000000")));
      checked += answers.filter(({ status }) => status === 422).length;
      expect(answers.every(({ status }) => status === 422 || status === 429)).to.equal(true);
    }
    expect(checked).to.equal(5);
    expect((await browsers[0]!.sendCode(codeOf(secret))).status).to.equal(429);
  });

  it("does not let strangers lock a user out: tries count only after the right password", async () => {
    const { secret } = await withApp();
    const stranger = client();
    for (let time = 1; time <= 10; time++) {
      expect((await stranger.sendCode("000000", { email: ANN.email })).location).to.equal("/login");
    }
    expect((await (await halfway()).sendCode(codeOf(secret))).status).to.equal(303);
  });

  it("accepts each recovery code once, in any spelling, even if it arrives twice at the same time", async () => {
    const { browser } = await withApp();
    const codes = await browser.makeRecoveryCodes();
    expect(new Set(codes).size).to.equal(10);
    const use = async (code: string, one: Client) =>
      (await one.post("/second-factor/recovery", { form: { recoveryCode: code } })).status;
    const [first, second, third] = await Promise.all([halfway(), halfway(), halfway()]);
    const twice = await Promise.all([use(codes[0]!, first), use(codes[0]!, second)]);
    expect(twice.sort()[0]).to.equal(303);
    expect(twice[1]).to.be.oneOf([422, 429]);
    expect(await use(codes[0]!, third)).to.equal(422);
    expect(await use(` ${codes[1]!.toLowerCase().replaceAll("-", " ")}`, third)).to.equal(303);
    expect((await third.get("/security")).text).to.include("8 recovery codes are left");
  });

  it("accepts neither another user's recovery codes nor those that were replaced, and stores no code", async () => {
    const { browser } = await withApp();
    const { browser: bob } = await withApp(BOB);
    const [old, ofBob] = [await browser.makeRecoveryCodes(), await bob.makeRecoveryCodes()];
    const fresh = await browser.makeRecoveryCodes();
    const statuses: number[] = [];
    for (const [code, person] of [
      [old[0]!, ANN],
      [ofBob[0]!, ANN],
      [fresh[0]!, ANN],
      [ofBob[0]!, BOB],
    ] as const) {
      const one = await halfway(person);
      statuses.push((await one.post("/second-factor/recovery", { form: { recoveryCode: code } })).status);
    }
    expect(statuses).to.deep.equal([422, 422, 303, 303]);
    const rows = await site.accounts.database.query("SELECT * FROM recovery_code");
    for (const code of fresh) expect(JSON.stringify(rows)).not.to.include(code.slice(0, 4));
  });

  it("requires the code again before a factor is removed or replaced, and before a new password", async () => {
    const { browser, secret } = await withApp();
    sinon.clock.tick(10 * MINUTE);
    const paths = ["/security/app", "/security/passkeys", "/security/recovery-codes", "/security/password"];
    await browser.post("/confirm", { form: ANN }); // the password alone is not enough
    for (const path of paths) {
      expect((await browser.get(path)).location, path).to.equal(`/second-factor?next=${encodeURIComponent(path)}`);
    }
    for (const path of ["/security/app/remove", "/security/passkeys/x/remove", "/security/recovery-codes"]) {
      expect((await browser.post(path)).location, path).to.equal("/second-factor");
    }
    expect((await browser.json("/security/passkeys/options")).json()).to.include({
      status: 403,
      code: "method_required",
    });
    expect((await browser.sendCode(codeOf(secret), { next: paths[0]! })).location).to.equal(paths[0]);
    for (const path of paths) expect((await browser.get(path)).status, path).to.equal(200);
    expect((await browser.post("/security/app/remove")).location).to.equal("/security");
    expect((await client().logIn()).location, "the password alone again").to.equal("/security");
  });

  it("does not set up an app without a right code, and ends all other logins when it is set up", async () => {
    const [browser, other] = [client(), client()];
    await browser.logIn();
    await other.logIn();
    await browser.get("/security/app");
    const wrong = await browser.post("/security/app", { form: { code: "000000" } });
    expect([wrong.status, wrong.headers.get("cache-control")]).to.deep.equal([422, "no-store"]);
    expect((await client().logIn()).location).to.equal("/security");
    await browser.addApp();
    expect([await browser.isIn(), await other.isIn()]).to.deep.equal([true, false]);
    expect((await other.get("/security")).location).to.equal("/login?next=%2Fsecurity");
  });

  it("remembers a browser only when the login is complete, and then does not ask for the code again", async () => {
    const { secret } = await withApp();
    const browser = await halfway();
    await browser.logIn({ ...ANN, remember: "on" });
    expect(await browser.cookie("remember")).to.equal(undefined);
    await browser.sendCode(codeOf(secret));
    await browser.restart();
    expect(await browser.isIn()).to.equal(true);
    expect((await browser.get("/security/recovery-codes")).location, "but before a change of the factors").to.equal(
      "/second-factor?next=%2Fsecurity%2Frecovery-codes",
    );
    sinon.clock.tick(STEP);
    await browser.sendCode(codeOf(secret));
    expect((await browser.get("/security/recovery-codes")).status).to.equal(200);
  });

  describe("a trusted browser", () => {
    /** A browser that is trusted, and logged out. */
    async function trusted(secret: string): Promise<Client> {
      const browser = await halfway();
      await browser.sendCode(codeOf(secret), { trust: "on" });
      await browser.post("/logout");
      return browser;
    }

    it("is not asked for the code for 30 days, except before a change of the factors", async () => {
      const { secret } = await withApp();
      const browser = await trusted(secret);
      await browser.restart();
      sinon.clock.tick(30 * DAY - 2 * MINUTE);
      expect((await browser.logIn()).location).to.equal("/security");
      expect(await browser.isIn()).to.equal(true);
      expect((await browser.get("/security/recovery-codes")).location).to.include("/second-factor?");
      expect((await browser.get("/security/password")).location).to.include("/second-factor?");
      await browser.post("/logout");
      sinon.clock.tick(2 * MINUTE);
      expect((await browser.logIn()).location).to.include("/second-factor?");
    });

    it("still needs the password, and is trusted for one user only", async () => {
      const { secret } = await withApp();
      await withApp(BOB);
      const browser = await trusted(secret);
      expect((await browser.logIn({ ...ANN, password: "wrong password" })).status).to.equal(422);
      expect((await browser.logIn(BOB)).location).to.include("/second-factor?");
    });

    it("is never trusted after a recovery code, or after a code that was wrong", async () => {
      const { browser: own } = await withApp();
      const [code] = await own.makeRecoveryCodes();
      const browser = await halfway();
      await browser.sendCode("000000", { trust: "on" });
      await browser.post("/second-factor/recovery", { form: { recoveryCode: code!, trust: "on" } });
      expect(await browser.isIn()).to.equal(true);
      expect(await browser.cookie("trusted")).to.equal(undefined);
    });

    it("is not trusted if its cookie was forged or changed", async () => {
      const { secret } = await withApp();
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
        const forger = client();
        await forger.setCookie("trusted", value);
        expect((await forger.logIn()).location, value).to.include("/second-factor?");
      }
    });

    const ends: Record<string, (browser: Client, secret: string) => Promise<unknown>> = {
      "the password changes": async (browser) => {
        await browser.post("/security/password", { form: { password: "a new password" } });
        await browser.post("/security/password", { form: ANN });
      },
      "the user logs out everywhere else": (browser) => browser.post("/security/log-out-others"),
      "an app is set up again": (browser) => browser.addApp(),
      "a remember cookie was stolen": async (_, secret) => {
        const [owner, thief] = [await halfway(), client()];
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
        const { browser, secret } = await withApp();
        const other = await trusted(secret);
        sinon.clock.tick(STEP);
        await end(browser, secret);
        expect((await other.logIn()).location).to.include("/second-factor?");
      });
    }
  });
});
