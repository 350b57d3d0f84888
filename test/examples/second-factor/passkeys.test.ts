import { expect } from "chai";
import sinon from "sinon";
import { Authenticator } from "../../support/authenticator.js";
import {
  ANN,
  BOB,
  type Client,
  codeOf,
  type SecondFactorSite,
  serveSecondFactor,
} from "../../support/second-factor.js";

const MINUTE = 60_000;
const LOGIN = "/login/passkey";
const FACTOR = "/second-factor/passkey";
const REFUSED = "This passkey does not work here. Please try again, or use another way.";

describe("passkeys of the example site", () => {
  let site: SecondFactorSite;

  beforeEach(async () => {
    sinon.useFakeTimers({ now: Date.now(), toFake: ["Date"] });
    site = await serveSecondFactor();
  });

  afterEach(() => sinon.restore());

  /** A logged-in client with a passkey. */
  async function withPasskey(person = ANN, behavior = {}): Promise<{ browser: Client; passkey: Authenticator }> {
    const [browser, passkey] = [site.client(), new Authenticator(site.origin, behavior)];
    await browser.logIn(person);
    const added = await browser.addPasskey(passkey);
    expect([added.status, added.text]).to.deep.equal([200, '{"next":"/security/recovery-codes"}']);
    return { browser, passkey };
  }

  async function methodsOf(email: string): Promise<string[][]> {
    const logins = await site.login.sessions.list(await site.account(email));
    return logins.map(({ methods }) => Object.keys(methods).sort());
  }

  it("are a second factor after the password, also without user verification", async () => {
    for (const [behavior, method] of [
      [{ verifies: false }, "hwk"],
      [{ synchronized: true }, "swk"],
    ] as const) {
      const { browser: first, passkey } = await withPasskey(method === "hwk" ? ANN : BOB, behavior);
      await first.post("/logout");
      const browser = await site.halfway(method === "hwk" ? ANN : BOB);
      const answer = await browser.usePasskey(passkey, FACTOR, { next: "/password" });
      expect([answer.status, answer.text]).to.deep.equal([200, '{"next":"/password"}']);
      expect((await browser.get("/password")).status).to.equal(200);
      expect(await methodsOf(method === "hwk" ? ANN.email : BOB.email)).to.deep.equal([[method, "mfa", "pwd"].sort()]);
    }
  });

  it("are the only factor of a login if they verify the user", async () => {
    const { browser: first, passkey } = await withPasskey();
    await first.post("/logout");
    const browser = site.client();
    const answer = await browser.usePasskey(passkey, LOGIN, { remember: "on" });
    expect([answer.status, answer.text]).to.deep.equal([200, '{"next":"/dashboard"}']);
    expect((await browser.get("/security")).text).to.include(ANN.email);
    expect((await browser.get("/security/recovery-codes")).status, "a factor was shown").to.equal(200);
    expect(await methodsOf(ANN.email)).to.deep.equal([["hwk", "mfa"]]);
    await browser.restart();
    expect(await browser.isIn()).to.equal(true);

    const { passkey: key } = await withPasskey(BOB, { verifies: false });
    const refused = await site.client().usePasskey(key, LOGIN);
    expect(refused.json()).to.include({ status: 422, detail: REFUSED });
  });

  it("work for their own user only", async () => {
    const { passkey } = await withPasskey();
    const { passkey: ofBob } = await withPasskey(BOB);
    const browser = await site.halfway();
    expect((await browser.usePasskey(ofBob, FACTOR)).status).to.equal(422);
    expect(await browser.isIn()).to.equal(false);
    // Bob's key signs in the name of Ann's passkey.
    const options = (await browser.json(`${FACTOR}/options`)).json<{ challenge: string }>();
    const response = { ...ofBob.sign(options), id: passkey.id, rawId: passkey.id };
    expect((await browser.json(FACTOR, { response })).status).to.equal(422);
    expect((await browser.usePasskey(passkey, FACTOR)).status).to.equal(200);
  });

  it("sign a challenge of this session, once, within five minutes", async () => {
    // A synchronized passkey has no counter, so only the challenge stops a second use.
    const { passkey } = await withPasskey(ANN, { synchronized: true });
    const [browser, other] = [await site.halfway(), await site.halfway()];
    const sign = async (one: Client, path = FACTOR) => passkey.sign((await one.json(`${path}/options`)).json());
    const send = async (one: Client, response: object, path = FACTOR) => (await one.json(path, { response })).status;

    const elsewhere = await sign(other);
    expect(await send(browser, elsewhere), "without a challenge").to.equal(422);
    await browser.json(`${FACTOR}/options`);
    expect(await send(browser, elsewhere), "the challenge of another session").to.equal(422);
    const overtaken = await sign(browser);
    await browser.json(`${FACTOR}/options`);
    expect(await send(browser, overtaken), "a challenge that was replaced").to.equal(422);
    const late = await sign(browser);
    sinon.clock.tick(5 * MINUTE + 1);
    expect(await send(browser, late), "too late").to.equal(422);

    const right = await sign(browser);
    expect(await send(browser, right)).to.equal(200);
    expect(await send(browser, right), "the same session again").to.equal(422);
    for (const path of [FACTOR, LOGIN]) expect(await send(other, right, path), "another session").to.equal(422);
    expect(await other.isIn()).to.equal(false);
  });

  it("complete one of two logins that send the same response at the same time", async () => {
    const { passkey } = await withPasskey();
    const browser = site.client();
    const response = passkey.sign((await browser.json(`${LOGIN}/options`)).json());
    const cookie = (await browser.cookie("sid"))!;
    const twin = site.client();
    await twin.setCookie("sid", cookie);
    const statuses = await Promise.all(
      [browser, twin].map(async (one) => (await one.json(LOGIN, { response })).status),
    );
    expect(statuses.sort()[0]).to.equal(200);
    expect(statuses[1], "the counter or the session was used up").to.be.oneOf([401, 422]);
  });

  it("are refused if their counter went back, as that of a copy does", async () => {
    const { passkey } = await withPasskey();
    for (const [counter, status] of [
      [7, 200],
      [7, 422],
      [3, 422],
      [8, 200],
    ] as const) {
      const browser = await site.halfway();
      const options = (await browser.json(`${FACTOR}/options`)).json<{ challenge: string }>();
      const response = passkey.sign(options, { counter });
      expect((await browser.json(FACTOR, { response })).status, String(counter)).to.equal(status);
    }
  });

  it("are refused if another site asked for them", async () => {
    const { passkey } = await withPasskey();
    const browser = await site.halfway();
    const options = (await browser.json(`${FACTOR}/options`)).json<{ challenge: string }>();
    const response = passkey.sign(options, { origin: site.origin.replace("localhost", "localhost.example") });
    expect((await browser.json(FACTOR, { response })).status).to.equal(422);
  });

  it("are not added without a fresh login, for a second time, or in the name of another user's passkey", async () => {
    const { browser, passkey } = await withPasskey();
    const bob = site.client();
    await bob.logIn(BOB);
    const copy = new Authenticator(site.origin);
    Object.assign(copy, { id: passkey.id });
    expect((await bob.addPasskey(copy)).status, "an id that is taken").to.equal(422);
    expect((await browser.addPasskey(passkey)).status).to.equal(422);
    expect((await (await site.halfway()).json("/security/passkeys/options")).status).to.equal(401);
    expect((await (await site.halfway()).json("/security/passkeys", {})).status).to.equal(401);
    sinon.clock.tick(10 * MINUTE + 1);
    expect((await bob.json("/security/passkeys/options")).json()).to.include({ code: "fresh_login_required" });
  });

  it("reject anything that is not a response, without an error", async () => {
    await withPasskey();
    const browser = await site.halfway();
    for (const response of [undefined, null, "x", 7, [], {}, { id: 7 }, { id: "x" }, { id: "x", response: {} }]) {
      for (const path of [FACTOR, LOGIN]) {
        await browser.json(`${path}/options`);
        expect((await browser.json(path, { response })).status, JSON.stringify(response)).to.equal(422);
      }
    }
  });

  it("are removed by their own user only, and the password alone is enough after the last one", async () => {
    const { browser, passkey } = await withPasskey();
    const { browser: bob } = await withPasskey(BOB);
    await bob.post(`/security/passkeys/${passkey.id}/remove`);
    expect((await (await site.halfway()).usePasskey(passkey, FACTOR)).status).to.equal(200);
    await browser.logIn();
    await browser.usePasskey(passkey, FACTOR);
    await browser.post(`/security/passkeys/${passkey.id}/remove`);
    expect((await site.client().usePasskey(passkey, LOGIN)).status).to.equal(422);
    expect((await site.client().logIn()).location).to.equal("/dashboard");
  });

  it("and an app are factors of the same rank: each completes a login", async () => {
    const { browser, passkey } = await withPasskey();
    const secret = await browser.addApp();
    sinon.clock.tick(30_000);
    expect((await (await site.halfway()).sendCode(codeOf(secret))).location).to.equal("/dashboard");
    const trusted = await site.halfway();
    expect((await trusted.usePasskey(passkey, FACTOR, { trust: "on" })).status).to.equal(200);
    expect(await trusted.cookie("trusted")).to.be.a("string");
  });
});
