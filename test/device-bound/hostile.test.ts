import { createHmac } from "node:crypto";
import { expect } from "chai";
import { calculateJwkThumbprint, exportJWK, generateKeyPair } from "jose";
import sinon from "sinon";
import { challengeIn, type DeviceBrowser, newKey, offerIn, proofOf } from "../support/device-browser.js";
import { DEVICE, deviceSite, GRACE, MINUTE, SID } from "../support/device-site.js";
import { storedSessions } from "../support/records.js";

const text = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url");

/** Another way to write the same bytes: the last character has bits that are not used. */
function loosely(part: string): string {
  const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  return part.slice(0, -1) + letters[letters.indexOf(part.at(-1)!) ^ 1];
}

describe("hostile proofs", () => {
  let clock: sinon.SinonFakeTimers;
  beforeEach(() => {
    clock = sinon.useFakeTimers({ now: Date.now(), toFake: ["Date"] });
  });
  afterEach(() => sinon.restore());

  async function unbound(id = 1) {
    const at = await deviceSite();
    const browser = at.newBrowser();
    browser.registers = false;
    const offer = offerIn(await browser.post(`/login/${id}`, { json: { remember: true } }))!;
    return { at, browser, offer };
  }

  /** The proofs of a challenge that are not valid, whatever the challenge is. */
  async function forgeries(challenge: string, made: Awaited<ReturnType<typeof newKey>>, isRefresh: boolean) {
    const jwk = isRefresh ? {} : { jwk: made.jwk };
    const other = await newKey();
    const rsa = await newKey("RS256");
    const p384 = await generateKeyPair("ES384", { extractable: true });
    const good = await proofOf(challenge, made, jwk);
    const [head, body, signature] = good.split(".") as [string, string, string];
    const hmac = (secret: string) => {
      const first = `${text({ alg: "HS256", typ: "dbsc+jwt", ...jwk })}.${body}`;
      return `${first}.${createHmac("sha256", secret).update(first).digest("base64url")}`;
    };
    return {
      "no text": "",
      "no JWT": "yes",
      "the algorithm none": `${text({ alg: "none", typ: "dbsc+jwt", ...jwk })}.${body}.`,
      "the algorithm none, with a signature": `${text({ alg: "none", typ: "dbsc+jwt", ...jwk })}.${body}.${signature}`,
      "the algorithm None": `${text({ alg: "None", typ: "dbsc+jwt", ...jwk })}.${body}.${signature}`,
      "HMAC with the public key": hmac(JSON.stringify(made.jwk)),
      "HMAC with its coordinate": hmac(made.jwk.x!),
      "no signature": `${head}.${body}`,
      "an empty signature": `${head}.${body}.`,
      "a signature of zeros": `${head}.${body}.${Buffer.alloc(64).toString("base64url")}`,
      "the signature of another key": `${head}.${body}.${(await proofOf(challenge, other, jwk)).split(".")[2]}`,
      "another key in the header": await proofOf(challenge, made, { jwk: other.jwk }),
      "a changed payload": `${head}.${text({ jti: challenge, iat: 1 })}.${signature}`,
      "a changed header": `${text({ alg: "ES256", typ: "dbsc+jwt", kid: "1", ...jwk })}.${body}.${signature}`,
      "a signature in DER": await inDer(`${head}.${body}`, made.key),
      "another way to write the signature": `${head}.${body}.${loosely(signature)}`,
      "a space": `${head}.${body}. ${signature}`,
      "a fourth part": `${good}.AA`,
      "the type JWT": await proofOf(challenge, made, { ...jwk, typ: "JWT" }),
      "critical extensions": `${text({ alg: "ES256", typ: "dbsc+jwt", crit: ["x"], ...jwk })}.${body}.${signature}`,
      "RS256 with a key for ES256": `${text({ alg: "RS256", typ: "dbsc+jwt", ...jwk })}.${body}.${signature}`,
      "ES256 with a key for RS256": `${text({ alg: "ES256", typ: "dbsc+jwt", jwk: rsa.jwk })}.${body}.${signature}`,
      ES384: await proofOf(challenge, { key: p384.privateKey, alg: "ES384" }, { jwk: await exportJWK(p384.publicKey) }),
      "no challenge": await proofOf(challenge, made, jwk, { jti: undefined }),
      "a challenge that is not a string": await proofOf(challenge, made, jwk, { jti: [challenge] }),
      "5,000 characters": await proofOf(challenge, made, { ...jwk, kid: "x".repeat(4500) }),
      "a payload that is not an object": `${head}.${Buffer.from("[]").toString("base64url")}.${signature}`,
      "a header that is no JSON": `${Buffer.from("{").toString("base64url")}.${body}.${signature}`,
      "two proofs": `${good}, ${good}`,
    };
  }

  async function inDer(signed: string, key: unknown): Promise<string> {
    const { createSign, KeyObject } = await import("node:crypto");
    const sign = createSign("sha256").update(signed);
    return `${signed}.${sign.sign(KeyObject.from(key as never)).toString("base64url")}`;
  }

  const badKeys: Record<string, (jwk: object) => object | undefined> = {
    "no key": () => undefined,
    "a point that is not on the curve": (jwk) => ({ ...jwk, y: Buffer.alloc(32, 1).toString("base64url") }),
    "the curve P-384": (jwk) => ({ ...jwk, crv: "P-384" }),
    "a symmetric key": () => ({ kty: "oct", k: "AAAA" }),
    "coordinates that are not strings": (jwk) => ({ ...jwk, x: 1 }),
  };

  const registration = { path: "/device-bound/registration" };
  const register = (browser: DeviceBrowser, proof: string) =>
    browser.post(registration.path, { headers: { "secure-session-response": proof } });

  it("register no key", async () => {
    const { at, browser, offer } = await unbound();
    const made = await newKey();
    const all: Record<string, string> = await forgeries(offer.challenge, made, false);
    for (const [what, change] of Object.entries(badKeys)) {
      all[what] = await proofOf(offer.challenge, made, { jwk: change(made.jwk) });
    }
    const small = await generateKeyPair("RS256", { modulusLength: 2048, extractable: true });
    all["an exponent of 3"] = await proofOf(
      offer.challenge,
      { key: small.privateKey, alg: "RS256" },
      { jwk: { ...(await exportJWK(small.publicKey)), e: "Aw" } },
    );
    for (const [what, proof] of Object.entries(all)) {
      const { status, cookies } = await register(browser, proof);
      expect({ what, status, cookies }).to.eql({ what, status: 403, cookies: [] });
    }
    expect(at.told).to.eql(Object.keys(all).map(() => "refused: invalid proof"));
    expect((await at.login.sessions.list("1"))[0]).to.include({ deviceBound: false });
    expect((await register(browser, await proofOf(offer.challenge, made, { jwk: made.jwk }))).status).to.equal(200);
  });

  it("register no key with a challenge that is stale, foreign or for a refresh, or without a login", async () => {
    const { at, browser, offer } = await unbound();
    const made = await newKey();
    const proof = (challenge: string) => proofOf(challenge, made, { jwk: made.jwk });
    const bound = await at.bound();
    const bobs = at.newBrowser();
    bobs.registers = false;
    const foreign = offerIn(await bobs.post("/login/2"))!;
    const again = at.newBrowser();
    again.registers = false;
    const another = offerIn(await again.post("/login/1"))!;
    const [, at0, nonce, mac] = /^(\d+)\.([\w-]+)\.([\w-]+)$/.exec(offer.challenge)!;
    const challenges = {
      "another user's": foreign.challenge,
      "of another login of the user": another.challenge,
      "for a refresh": [...bound.sessions.values()][0]!.challenge!,
      "with a later time": `${Number(at0) + 1}.${nonce}.${mac}`,
      "with another nonce": `${at0}.${loosely(nonce!)}.${mac}`,
      "made up": `${at0}.${nonce}.${Buffer.alloc(32).toString("base64url")}`,
    };
    for (const [what, challenge] of Object.entries(challenges)) {
      expect((await register(browser, await proof(challenge))).status, what).to.equal(403);
    }
    expect((await register(at.newBrowser(), await proof(offer.challenge))).status, "without a login").to.equal(403);
    clock.tick(15 * MINUTE + 1);
    expect((await register(browser, await proof(offer.challenge))).status, "stale").to.equal(403);
    const now = Date.now();
    clock.setSystemTime(now - 16 * MINUTE - 61_000);
    expect((await register(browser, await proof(offer.challenge))).status, "of the future").to.equal(403);
    clock.setSystemTime(now - 15 * MINUTE - 1);
    expect((await register(browser, await proof(offer.challenge))).status, "in time").to.equal(200);
  });

  it("register no second key, and no copy of a registration gets a cookie", async () => {
    const { browser, offer } = await unbound();
    const [first, second] = [await newKey(), await newKey()];
    const proof = await proofOf(offer.challenge, first, { jwk: first.jwk });
    expect((await register(browser, proof)).status).to.equal(200);
    const copy = await register(browser, proof);
    expect([copy.status, copy.cookies]).to.eql([403, []]);
    const other = await register(browser, await proofOf(offer.challenge, second, { jwk: second.jwk }));
    expect([other.status, other.cookies]).to.eql([403, []]);
    await browser.get("/me");
    clock.tick(5 * MINUTE);
    const later = await register(browser, await proofOf(offer.challenge, second, { jwk: second.jwk }));
    expect([later.status, later.cookies]).to.eql([403, []]);
  });

  it("register one key, in whatever way it is written", async () => {
    const at = await deviceSite();
    const ways: Record<string, (text: string) => string> = {
      padded: (text) => `${text}==`,
      "with a space": (text) => ` ${text}`,
      "with other text": (text) => `${text}${"!".repeat(1000)}`,
      "with leading zeros": (text) =>
        Buffer.from(`0000${Buffer.from(text, "base64url").toString("hex")}`, "hex").toString("base64url"),
    };
    for (const alg of ["ES256", "RS256"] as const) {
      const made = await newKey(alg);
      const { kty, crv, x, y, e, n } = made.jwk;
      for (const [what, write] of Object.entries(ways)) {
        const browser = at.newBrowser();
        browser.registers = false;
        const offer = offerIn(await browser.post("/login/1", { json: {} }))!;
        const jwk = alg === "ES256" ? { ...made.jwk, x: write(x!) } : { ...made.jwk, n: write(n!) };
        const proof = await proofOf(offer.challenge, made, { jwk: { ...jwk, use: "enc", d: "AAAA" } });
        expect((await register(browser, proof)).status, what).to.equal(200);
        const [session] = await storedSessions(at.store.inner, "1");
        const { device } = session!.data.auth as unknown as { device: { id: string; key: object } };
        expect(device.key, what).to.eql(alg === "ES256" ? { kty, crv, x, y } : { kty, e, n });
        expect(device.id).to.equal(await calculateJwkThumbprint(made.jwk));
        await at.login.sessions.revokeAll("1");
      }
    }
  });

  it("get one cookie for copies of a registration that arrive at once", async () => {
    const at = await deviceSite();
    for (const json of [{}, { remember: true }]) {
      const browser = at.newBrowser();
      browser.registers = false;
      const offer = offerIn(await browser.post("/login/1", { json }))!;
      const made = await newKey();
      const proof = await proofOf(offer.challenge, made, { jwk: made.jwk });
      const cookie = await browser.copied();
      const headers = { "secure-session-response": proof };
      let waiting = 0;
      let meet = () => {};
      const all = new Promise<void>((resolve) => {
        meet = resolve;
      });
      at.store.before = (verb) => {
        if (verb !== "read" || waiting === 3) return undefined;
        if (++waiting === 3) meet();
        return all; // all of them have read the login before one of them is bound
      };
      const answers = await Promise.all([1, 2, 3].map(() => at.sendCopy(`POST ${offer.path}`, cookie, { headers })));
      at.store.before = () => undefined;
      expect(answers.map(({ status }) => status).sort()).to.eql([200, 403, 403]);
      expect(answers.filter((answer) => answer.cookie !== "")).to.have.length(1);
    }
  });

  it("refresh no cookie twice, though the clocks of two servers differ", async () => {
    const at = await deviceSite();
    const browser = await at.bound({});
    const session = [...browser.sessions.values()][0]!;
    const headers = {
      "sec-secure-session-id": session.id,
      "secure-session-response": await proofOf(session.challenge!, session),
    };
    const cookie = await browser.copied();
    const ask = async () => (await at.sendCopy("POST /device-bound/refresh", cookie, { headers })).status;
    const now = Date.now();
    clock.setSystemTime(now - 59_000);
    expect(await ask()).to.equal(200);
    clock.setSystemTime(now + 14 * MINUTE + 59_000);
    expect(await ask()).to.equal(403);
  });

  it("refresh no cookie", async () => {
    const at = await deviceSite();
    const browser = await at.bound();
    const session = [...browser.sessions.values()][0]!;
    const send = (proof: string | undefined, id = session.id, from: DeviceBrowser = browser) =>
      from.post("/device-bound/refresh", {
        headers: { "sec-secure-session-id": id, ...(proof !== undefined && { "secure-session-response": proof }) },
      });
    browser.sessions.clear();
    const made = { key: session.key, alg: "ES256" as const, jwk: (await newKey()).jwk };
    const { challenge } = session;
    const all: Record<string, string> = await forgeries(challenge!, made, true);
    delete all["another key in the header"]; // the header of a refresh has no key, and any key there is ignored
    delete all.ES384;
    delete all["ES256 with a key for RS256"];
    const stranger = await newKey();
    all["a stranger's key"] = await proofOf(challenge!, stranger, { jwk: stranger.jwk });
    const other = await at.bound();
    all["another device's challenge"] = await proofOf([...other.sessions.values()][0]!.challenge!, session);
    const fresh = at.newBrowser();
    fresh.registers = false;
    all["the challenge of a registration"] = await proofOf(offerIn(await fresh.post("/login/1"))!.challenge, session);
    for (const [what, proof] of Object.entries(all)) {
      const { status, cookies } = await send(proof);
      expect({ what, status, cookies }).to.eql({ what, status: 403, cookies: [] });
    }
    for (const id of [[...other.sessions.keys()][0]!, "", "x", `${session.id}x`, "../"]) {
      const answer = await send(await proofOf(challenge!, session), id);
      expect([answer.status, answer.cookies, answer.json<{ continue: boolean }>().continue], id).to.eql([
        200,
        [],
        false,
      ]);
    }
    // The proof of one device with the cookies of another login.
    const swapped = await send(await proofOf(challenge!, session), session.id, other);
    expect(swapped.json<{ continue: boolean }>().continue).to.equal(false);
    const proof = await proofOf(challenge!, session);
    const answer = await send(proof);
    expect(answer.cookies.join()).to.match(/^__Host-device=/);
    const copy = await send(proof);
    expect([copy.status, copy.cookies], "a copy").to.eql([403, []]);
    const next = await proofOf(challengeIn(copy)!, session);
    clock.tick(15 * MINUTE + 1);
    expect((await send(next)).status, "stale").to.equal(403);
    await at.login.sessions.revokeAll("1");
    const ended = await send(await proofOf(challengeIn(await send(undefined)) ?? challenge!, session));
    expect([ended.cookies, ended.json<{ continue: boolean }>().continue]).to.eql([[], false]);
  });

  it("are of no use as other cookies, and other cookies are of no use as the device's", async () => {
    const at = await deviceSite();
    const browser = await at.bound({});
    const other = await at.bound({});
    clock.tick(GRACE);
    const sid = `${SID}=${await browser.cookie(SID)}`;
    const [own, foreign] = [await browser.cookie(DEVICE), await other.cookie(DEVICE)];
    const [payload, mac] = own!.split(".") as [string, string];
    const forged = Buffer.from(`${Date.now()}.${[...browser.sessions.keys()][0]}`).toString("base64url");
    const challenge = [...browser.sessions.values()][0]!.challenge!;
    for (const [what, cookie] of Object.entries({
      "another device's": foreign,
      "a later time": `${forged}.${mac}`,
      "without a signature": payload,
      "an empty signature": `${payload}.`,
      twice: `${own}; ${DEVICE}=${own}`,
      "a challenge": challenge,
    })) {
      expect((await at.sendCopy("GET /me", `${sid}; ${DEVICE}=${cookie}`)).status, what).to.equal(401);
    }
    expect((await at.sendCopy("GET /me", `${sid}; ${DEVICE}=${own}`)).status).to.equal(200);
    expect((await at.sendCopy("GET /me", `${DEVICE}=${own}`)).status, "alone").to.equal(401);
  });
});
