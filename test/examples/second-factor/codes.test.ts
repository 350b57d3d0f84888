import { expect } from "chai";
import { guardTable } from "latchkey/routing-controllers";
import sinon from "sinon";
import { controllers } from "../../../examples/web/app.js";
import { Gate } from "../../support/barrier.js";
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

describe("a second factor of the example site", () => {
  let site: SecondFactorSite;

  beforeEach(async () => {
    sinon.useFakeTimers({ now: Date.now(), toFake: ["Date"] });
    site = await serveSecondFactor();
  });

  afterEach(() => sinon.restore());

  it("logs in with the password alone until a second factor is set up", async () => {
    const browser = site.client();
    expect((await browser.logIn()).location).to.equal("/dashboard");
    expect((await browser.get("/security")).text).to.include("Your password is all that protects your account.");
    expect((await browser.get("/second-factor")).location).to.equal("/dashboard");
  });

  it("asks for a code after the password, and then opens the requested page", async () => {
    const { secret } = await site.withApp();
    const browser = site.client();
    const asked = await browser.get("/password");
    expect(asked.location).to.equal("/login?next=%2Fpassword");
    const next = "/password";
    expect((await browser.logIn({ ...ANN, next })).location).to.equal(
      `/second-factor?next=${encodeURIComponent(next)}`,
    );
    expect((await browser.get("/second-factor?next=/password")).text).to.include('value="/password"');
    expect((await browser.sendCode("000000", { next })).status).to.equal(422);
    expect((await browser.sendCode(codeOf(secret), { next })).location).to.equal(next);
    expect((await browser.get(next)).status).to.equal(200);
  });

  it("opens no guarded page and no guarded action before the code", async () => {
    await site.withApp();
    const browser = await site.halfway();
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
    const { secret } = await site.withApp();
    const [first, second, third] = await Promise.all([site.halfway(), site.halfway(), site.halfway()]);
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
    const { secret } = await site.withApp();
    sinon.clock.tick(2 * STEP);
    const codes = [-2, 2, -1, 1].map((steps) => codeOf(secret, Date.now() + steps * STEP));
    const statuses: number[] = [];
    for (const code of codes) statuses.push((await (await site.halfway()).sendCode(code)).status);
    expect(statuses).to.deep.equal([422, 422, 303, 303]);
  });

  it("changes the session id at each step, so a session that was planted or copied before gives nothing", async () => {
    const { secret } = await site.withApp();
    const [victim, attacker] = [site.client(), await site.halfway(ANN)];
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
      const thief = site.client();
      await thief.setCookie("sid", old);
      expect((await thief.get("/security")).location).to.equal("/login?next=%2Fsecurity");
      sinon.clock.tick(STEP);
      expect((await thief.sendCode(codeOf(secret))).location).to.equal("/login");
    }
  });

  it("begins anew when the login is given up, or is not completed within ten minutes", async () => {
    const { secret } = await site.withApp();
    const browser = await site.halfway();
    await browser.post("/logout");
    expect((await browser.sendCode(codeOf(secret))).location).to.equal("/login");
    const slow = await site.halfway();
    sinon.clock.tick(10 * MINUTE);
    expect((await slow.sendCode(codeOf(secret))).location).to.equal("/login");
    expect((await slow.get("/login")).text).to.include("That took too long. Please log in again.");
    await slow.logIn();
    expect((await slow.sendCode(codeOf(secret))).location).to.equal("/dashboard");
  });

  it("asks for the factor of the user who sent the last password", async () => {
    const { secret } = await site.withApp();
    const { secret: secretOfBob } = await site.withApp(BOB);
    const browser = await site.halfway();
    expect((await browser.sendCode(codeOf(secretOfBob))).status, "Bob's code for Ann's login").to.equal(422);
    await browser.logIn(BOB);
    expect((await browser.sendCode(codeOf(secret))).status, "Ann's code for Bob's login").to.equal(422);
    expect((await browser.sendCode(codeOf(secretOfBob))).location).to.equal("/dashboard");
    expect((await browser.get("/security")).text)
      .to.include(BOB.email)
      .and.not.include(ANN.email);
  });

  it("checks five wrong codes, and then one after each wait, which doubles", async () => {
    const { secret } = await site.withApp();
    const browser = await site.halfway();
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
    expect((await (await site.halfway()).sendCode("000000")).status, "counted from zero again").to.equal(422);
  });

  it("checks one code at a time, even if many sessions send one when all of them have loaded the account", async () => {
    const { secret } = await site.withApp();
    const browsers: Client[] = [];
    while (browsers.length < 20) browsers.push(await site.halfway());
    const takeTry = site.factors.takeTry.bind(site.factors);
    const checked: number[] = [];
    for (let round = 1; round <= 6; round++) {
      const gate = new Gate();
      site.factors.takeTry = (account) => gate.pass().then(() => takeTry(account));
      const sent = Promise.all(browsers.map((browser) => browser.sendCode("000000")));
      await gate.arrived(browsers.length);
      gate.open();
      const answers = await sent;
      checked.push(answers.filter(({ status }) => status === 422).length);
      expect(answers.every(({ status }) => status === 422 || status === 429)).to.equal(true);
    }
    expect(checked).to.deep.equal([1, 1, 1, 1, 1, 0]);
    site.factors.takeTry = takeTry;
    expect((await browsers[0]!.sendCode(codeOf(secret))).status).to.equal(429);
  });

  it("does not let strangers lock a user out: tries count only after the right password", async () => {
    const { secret } = await site.withApp();
    const stranger = site.client();
    for (let time = 1; time <= 10; time++) {
      expect((await stranger.sendCode("000000", { email: ANN.email })).location).to.equal("/login");
    }
    expect((await (await site.halfway()).sendCode(codeOf(secret))).status).to.equal(303);
  });
});
