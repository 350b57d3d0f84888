import { expect } from "chai";
import sinon from "sinon";
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

describe("factors in the example with a second factor", () => {
  let site: SecondFactorSite;

  beforeEach(async () => {
    sinon.useFakeTimers({ now: Date.now(), toFake: ["Date"] });
    site = await serveSecondFactor();
  });

  afterEach(() => sinon.restore());

  it("accepts each recovery code once, in any spelling, even if it arrives twice at the same time", async () => {
    const { browser } = await site.withApp();
    const codes = await browser.makeRecoveryCodes();
    expect(new Set(codes).size).to.equal(10);
    const use = async (code: string, one: Client) =>
      (await one.post("/second-factor/recovery", { form: { recoveryCode: code } })).status;
    const [first, second, third] = await Promise.all([site.halfway(), site.halfway(), site.halfway()]);
    const twice = await Promise.all([use(codes[0]!, first), use(codes[0]!, second)]);
    expect(twice.sort()[0]).to.equal(303);
    expect(twice[1]).to.be.oneOf([422, 429]);
    expect(await use(codes[0]!, third)).to.equal(422);
    expect(await use(` ${codes[1]!.toLowerCase().replaceAll("-", " ")}`, third)).to.equal(303);
    expect((await third.get("/security")).text).to.include("8 recovery codes are left");
  });

  it("accepts neither another user's recovery codes nor those that were replaced, and stores no code", async () => {
    const { browser } = await site.withApp();
    const { browser: bob } = await site.withApp(BOB);
    const [old, ofBob] = [await browser.makeRecoveryCodes(), await bob.makeRecoveryCodes()];
    const fresh = await browser.makeRecoveryCodes();
    const statuses: number[] = [];
    for (const [code, person] of [
      [old[0]!, ANN],
      [ofBob[0]!, ANN],
      [fresh[0]!, ANN],
      [ofBob[0]!, BOB],
    ] as const) {
      const one = await site.halfway(person);
      statuses.push((await one.post("/second-factor/recovery", { form: { recoveryCode: code } })).status);
    }
    expect(statuses).to.deep.equal([422, 422, 303, 303]);
    const rows = await site.accounts.database.query("SELECT * FROM recovery_code");
    for (const code of fresh) expect(JSON.stringify(rows)).not.to.include(code.slice(0, 4));
  });

  it("requires the code again before a factor is removed or replaced, and before a new password", async () => {
    const { browser, secret } = await site.withApp();
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
    await browser.makeRecoveryCodes();
    expect((await browser.post("/security/app/remove")).location).to.equal("/security");
    expect(await site.accounts.countRecoveryCodes(await site.account(ANN.email)), "codes without a factor").to.equal(0);
    expect((await site.client().logIn()).location, "the password alone again").to.equal("/security");
  });

  it("does not set up an app without a right code, and ends all other logins when it is set up", async () => {
    const [browser, other] = [site.client(), site.client()];
    await browser.logIn();
    await other.logIn();
    await browser.get("/security/app");
    const wrong = await browser.post("/security/app", { form: { code: "000000" } });
    expect([wrong.status, wrong.headers.get("cache-control")]).to.deep.equal([422, "no-store"]);
    expect((await site.client().logIn()).location).to.equal("/security");
    await browser.addApp();
    expect([await browser.isIn(), await other.isIn()]).to.deep.equal([true, false]);
    expect((await other.get("/security")).location).to.equal("/login?next=%2Fsecurity");
  });

  it("remembers a browser only when the login is complete, and then does not ask for the code again", async () => {
    const { secret } = await site.withApp();
    const browser = await site.halfway();
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
});
