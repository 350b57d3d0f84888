import { expect } from "chai";
import { exportSPKI, SignJWT } from "jose";
import sinon from "sinon";
import { type Backend, backendsHere, shared } from "../support/backends.js";
import type { Browser } from "../support/browser.js";
import { freePort } from "../support/free-port.js";
import { follow, startProvider } from "../support/openid-provider.js";
import { endPrograms, startProgram } from "../support/page-program.js";
import { inTestAll } from "../support/tier.js";

/** The URLs of the stores on which the recipe runs. */
const stores: Record<string, () => Promise<string>> = {
  memory: async () => "memory:",
  redis: async () => (await shared.redis()).url,
  postgres: async () => (await shared.postgres()).url,
};

async function start(store: string) {
  const port = await freePort();
  const origin = `http://127.0.0.1:${port}`;
  const provider = await startProvider(origin);
  const { issuer } = provider;
  const env = { ISSUER: issuer, ORIGIN: origin, ANY_PORT: String(port), SESSION_STORE: store };
  const program = await startProgram("docs/recipes/openid-connect.md", undefined, env);
  /** Logs a user in at the provider. Returns the browser, and the claims of its ID token. */
  const logIn = async (name = "ann", browser = program.browser()) => {
    let callback = "";
    const answer = await follow(browser, await browser.get("/login"), issuer, name, (url) => {
      callback = url;
    });
    return { browser, answer, callback };
  };
  const end = async (token: unknown, type = "application/x-www-form-urlencoded") => {
    const body = new URLSearchParams({ logout_token: String(token) });
    const headers = { "content-type": type };
    const { status, headers: answered } = await fetch(`${origin}/back-channel-logout`, {
      method: "POST",
      body,
      headers,
    });
    return { status, caching: answered.get("cache-control") };
  };
  return { ...provider, program, origin, logIn, end };
}

const isIn = async (browser: Browser) => (await browser.get("/")).status === 200;

const here = (await backendsHere(...Object.keys(stores))).map(({ name }: Backend) => name);

inTestAll("docs/recipes/openid-connect.md with an OpenID provider", () => {
  afterEach(endPrograms);

  for (const name of here) {
    describe(`on ${name}`, () => {
      it("logs in, and a logout at the provider ends the login in that browser alone", async () => {
        const at = await start(await stores[name]!());
        const { issuer, failures, logIn, program } = at;
        const [one, other, bob] = [await logIn(), await logIn(), await logIn("bob")];
        expect([one.answer.text, bob.answer.text]).to.eql(["Hello, ann@example.com!", "Hello, bob@example.com!"]);
        const browsers = [one.browser, other.browser, bob.browser];
        // The browser logs out at the provider, without the application.
        const page = await one.browser.get(`${issuer}/session/end`);
        await follow(one.browser, { ...page, location: null }, issuer, "ann", undefined, `${issuer}/session/end`);
        expect([failures, await Promise.all(browsers.map(isIn))]).to.eql([[], [false, true, true]]);

        const left = await follow(other.browser, await other.browser.post("/logout"), issuer, "ann");
        expect([left.status, left.text]).to.eql([200, "You are logged out."]);
        expect([failures, await Promise.all(browsers.map(isIn))]).to.eql([[], [false, false, true]]);
        expect((await other.browser.get("/logged-out?state=x")).text).to.equal("Nothing was logged out.");
        const stranger = await logIn("eve", program.browser());
        expect([stranger.answer.status, await isIn(stranger.browser)]).to.eql([403, false]);
      });

      it("refuses logout tokens that are forged, not for it, too old or used", async () => {
        const { logIn, end, logoutToken, publicKey, issuer } = await start(await stores[name]!());
        const { browser } = await logIn();
        const now = Math.floor(Date.now() / 1000);
        const unsigned = (await logoutToken({ claims: { sub: "ann" } })).split(".");
        const none = Buffer.from(JSON.stringify({ alg: "none", typ: "logout+jwt" })).toString("base64url");
        const events = { "http://schemas.openid.net/event/backchannel-logout": {} };
        const claims = { iss: issuer, aud: "app", sub: "ann", jti: "x", iat: now, exp: now + 60, events };
        const symmetric = new SignJWT(claims).setProtectedHeader({ alg: "HS256", kid: "key", typ: "logout+jwt" });
        const wrong: Record<string, unknown> = {
          "no token": undefined,
          "not a token": "x",
          "an unsigned token": `${none}.${unsigned[1]}.`,
          "a token without its signature": `${unsigned[0]}.${unsigned[1]}.`,
          "a token of another key": await logoutToken({ claims: { sub: "ann" }, wrongKey: true }),
          "HS256 with the public key": await symmetric.sign(Buffer.from(await exportSPKI(publicKey))),
          "an ID token": await logoutToken({ claims: { sub: "ann", events: undefined }, header: { typ: "JWT" } }),
        };
        const changes: Record<string, object> = {
          "another issuer": { iss: "https://evil.example" },
          "another audience": { aud: "another app" },
          "no audience": { aud: undefined },
          "no iat": { iat: undefined },
          "an old iat": { iat: now - 600 },
          "a future iat": { iat: now + 600 },
          "no exp": { exp: undefined },
          "an expired exp": { exp: now - 120 },
          "no jti": { jti: undefined },
          "an empty jti": { jti: "" },
          "no events": { events: undefined },
          "another event": { events: { "http://schemas.openid.net/event/other": {} } },
          "an event that is not an object": { events: { "http://schemas.openid.net/event/backchannel-logout": true } },
          "an event that is an array": { events: { "http://schemas.openid.net/event/backchannel-logout": [] } },
          "a nonce": { nonce: "n" },
          "neither sid nor sub": { sub: undefined },
          "a sid that is not a string": { sid: 1 },
          "a sid of 256 characters": { sid: "x".repeat(256) },
          "a sub of 256 characters": { sub: "x".repeat(256) },
          "a sid with NUL": { sid: "a\0" },
          "half of a surrogate pair": { sid: "\ud800" },
        };
        for (const [what, change] of Object.entries(changes)) {
          wrong[what] = await logoutToken({ claims: { sub: "ann", ...change } });
        }
        wrong["another type"] = await logoutToken({ claims: { sub: "ann" }, header: { typ: "at+jwt" } });
        for (const [what, token] of Object.entries(wrong)) {
          expect([what, await end(token)]).to.eql([what, { status: 400, caching: "no-store" }]);
          expect([what, await isIn(browser)]).to.eql([what, true]);
        }

        const token = await logoutToken({ claims: { sub: "ann" } });
        expect(await end(token)).to.eql({ status: 200, caching: "no-store" });
        expect(await isIn(browser)).to.equal(false);
        await logIn("ann", browser);
        expect([(await end(token)).status, await isIn(browser)]).to.eql([400, true]);
        expect((await end(await logoutToken({ claims: { sub: "ann" }, header: { typ: undefined } }))).status).to.equal(
          200,
        );
        expect(await isIn(browser)).to.equal(false);
      });
    });
  }

  it("measures freshness from the provider's login", async () => {
    const { logIn, issuer, program } = await start("memory:");
    const browser = program.browser();
    const clock = sinon.useFakeTimers({ now: Date.now() - 3 * 3_600_000, toFake: ["Date"] });
    expect((await logIn("ann", browser)).answer.status).to.equal(400); // an ID token that has expired
    clock.restore();
    expect((await logIn("ann", browser)).answer.text).to.equal("Hello, ann@example.com!"); // without a password
    const refused = await browser.get("/payout");
    expect([refused.status, refused.location]).to.eql([302, "/login/again"]);
    expect((await follow(browser, refused, issuer, "ann")).text).to.equal("Which account?");
  });

  it("asks for the password again, and then still ends the login with that of the provider", async () => {
    const { logIn, issuer, failures } = await start("memory:");
    const { browser, callback } = await logIn();
    expect((await browser.get("/payout")).text).to.equal("Which account?");
    const confirmed = await follow(browser, await browser.get("/login/again"), issuer, "ann");
    expect([confirmed.status, confirmed.text]).to.eql([200, "Hello, ann@example.com!"]);

    const page = await browser.get(`${issuer}/session/end`);
    await follow(browser, { ...page, location: null }, issuer, "ann", undefined, `${issuer}/session/end`);
    expect([failures, await isIn(browser)]).to.eql([[], false]);
    expect((await browser.get(callback)).status).to.equal(400); // a response of the provider is good only once
    expect(await isIn(browser)).to.equal(false);
  });
});
