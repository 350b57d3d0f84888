import { expect } from "chai";
import sinon from "sinon";
import { Accounts } from "../../../examples/web/accounts.js";
import { Authenticator } from "../../support/authenticator.js";
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

describe("factors of the example site", () => {
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
    const rows = await site.database.query("SELECT * FROM recovery_code");
    for (const code of fresh) expect(JSON.stringify(rows)).not.to.include(code.slice(0, 4));
  });

  it("requires the code again before a factor is removed or replaced, and before a new password", async () => {
    const { browser, secret } = await site.withApp();
    sinon.clock.tick(10 * MINUTE);
    const paths = ["/security/app", "/security/passkeys", "/security/recovery-codes", "/password"];
    await browser.post("/confirm", { form: ANN }); // the password alone is not enough
    for (const path of paths) {
      expect((await browser.get(path)).location, path).to.equal(`/second-factor?next=${encodeURIComponent(path)}`);
    }
    for (const path of ["/security/app/remove", "/security/passkeys/x/remove", "/security/recovery-codes"]) {
      expect((await browser.post(path)).location, path).to.equal("/second-factor?next=%2Fsecurity");
    }
    expect((await browser.json("/security/passkeys/options")).json()).to.include({
      status: 403,
      code: "method_required",
    });
    expect((await browser.sendCode(codeOf(secret), { next: paths[0]! })).location).to.equal(paths[0]);
    for (const path of paths) expect((await browser.get(path)).status, path).to.equal(200);
    await browser.makeRecoveryCodes();
    expect((await browser.post("/security/app/remove")).location).to.equal("/security");
    expect(await site.factors.countRecoveryCodes(await site.account(ANN.email)), "codes without a factor").to.equal(0);
    expect((await site.client().logIn()).location, "the password alone again").to.equal("/dashboard");
  });

  it("does not set up an app without a right code, and ends all other logins when it is set up", async () => {
    const [browser, other] = [site.client(), site.client()];
    await browser.logIn();
    await other.logIn();
    await browser.get("/security/app");
    const wrong = await browser.post("/security/app", { form: { code: "000000" } });
    expect([wrong.status, wrong.headers.get("cache-control")]).to.deep.equal([422, "no-store"]);
    expect((await site.client().logIn()).location).to.equal("/dashboard");
    await browser.addApp();
    expect([await browser.isIn(), await other.isIn()]).to.deep.equal([true, false]);
    expect((await other.get("/security")).location).to.equal("/login?next=%2Fsecurity");
  });

  it("allows a short password beside a second factor, but then keeps the last factor until the password is long", async () => {
    const { browser, secret } = await site.withApp();
    expect((await browser.post("/password", { form: { password: "kxmqzvb" } })).status).to.equal(422);
    expect((await browser.post("/password", { form: { password: "kxmqzvbt" } })).location).to.equal("/dashboard");
    await browser.post("/security/app/remove");
    expect((await browser.get("/security")).text).to.include("First change your password to one of at least 15");
    const other = site.client();
    expect((await other.logIn({ ...ANN, password: "kxmqzvbt" })).location).to.include("/second-factor");
    expect((await other.sendCode(codeOf(secret))).location).to.equal("/dashboard");

    await browser.post("/password", { form: { password: "seven green keys" } });
    await browser.post("/security/app/remove");
    expect((await browser.get("/security")).text).to.include("Your authenticator app is removed.");
    expect((await site.client().logIn({ ...ANN, password: "seven green keys" })).location).to.equal("/dashboard");
  });

  it("keeps one factor beside a short password, even if two are removed and the password changes at the same time", async () => {
    const { browser } = await site.withApp();
    const passkey = new Authenticator(site.origin);
    await browser.addPasskey(passkey);
    const requests = [
      () => browser.post("/security/app/remove"),
      () => browser.post(`/security/passkeys/${passkey.id}/remove`),
      () => browser.post("/password", { form: { password: "kxmqzvbt" } }),
    ];
    const gate = new Gate();
    const [begin, change] = [site.factors.beginChange, Accounts.prototype.changePassword];
    site.factors.beginChange = async (user) => gate.pass().then(() => begin.call(site.factors, user));
    sinon.stub(Accounts.prototype, "changePassword").callsFake(async function (this: Accounts, user, password) {
      await gate.pass();
      return change.call(this, user, password);
    });
    const sent = Promise.all(requests.map((request) => request()));
    await gate.arrived(requests.length); // each request has loaded the user
    gate.open();
    await sent;
    const user = (await site.accounts.find("1"))!;
    expect([user.factors, user.passwordStandsAlone]).to.be.deep.oneOf([
      [1, true],
      [2, false],
    ]);
  });

  it("tells the user about each change of the factors, and about a recovery code that was used", async () => {
    const { browser } = await site.withApp();
    const [code] = await browser.makeRecoveryCodes();
    await browser.post("/security/app/remove");
    await browser.addApp();
    const [other] = await browser.makeRecoveryCodes();
    sinon.clock.tick(STEP);
    const halfway = await site.halfway();
    expect((await halfway.post("/second-factor/recovery", { form: { recoveryCode: code! } })).status).to.equal(422);
    await halfway.post("/second-factor/recovery", { form: { recoveryCode: other! } });
    const subjects = site.mails.filter(({ to }) => to === ANN.email).map(({ subject }) => subject);
    expect(subjects).to.deep.equal([
      "New login to your account",
      "An authenticator app was added to your account",
      "The authenticator app of your account was removed",
      "An authenticator app was added to your account",
      "New login to your account",
      "A recovery code of your account was used",
    ]);
  });

  it("keeps a form's input while the user shows the second factor again", async () => {
    const { browser, secret } = await site.withApp();
    sinon.clock.tick(10 * MINUTE);
    const late = await browser.post("/email", { form: { email: "new@example.com" } });
    expect([late.status, late.location]).to.deep.equal([303, "/second-factor?next=%2Femail"]);
    await browser.sendCode(codeOf(secret), { next: "/email" });
    expect((await browser.get("/email")).text).to.include('value="new@example.com"');
  });

  it("does not lose a factor when another request, which loaded the user before, changes the name", async () => {
    const browser = site.client();
    await browser.logIn();
    const stale = await site.account(ANN.email);
    await browser.addApp();
    const secret = (await site.account(ANN.email)).totpSecret;
    await site.accounts.rename(stale, "Ann");
    const user = await site.account(ANN.email);
    expect(secret).to.be.a("string");
    expect([user.name, user.totpSecret]).to.deep.equal(["Ann", secret]);
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
