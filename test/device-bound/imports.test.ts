import { expect } from "chai";
import { MemoryStore as OldStore } from "express-session";
import { deviceBound } from "latchkey/device-bound";
import { impersonate } from "latchkey/impersonation";
import { importFrom } from "latchkey/session-imports";
import sinon from "sinon";
import { Browser } from "../support/browser.js";
import { DeviceBrowser, newKey, offerIn, proofOf } from "../support/device-browser.js";
import { DEVICE, deviceSite, EXPIRED, GRACE, MINUTE, SECURE, SID, settled } from "../support/device-site.js";
import { OLD_SECRET, type OldValues, oldApplication } from "../support/old-application.js";
import { serve } from "../support/server.js";
import type { Me } from "../support/site.js";

const OLD = "connect.sid";

/** The old application, and the new one, which imports its sessions. */
async function twoApplications({ keep = false, ...options }: { keep?: boolean; register?: boolean } = {}) {
  const store = new OldStore();
  const old = await serve(oldApplication(store));
  const from = importFrom({
    store,
    secret: OLD_SECRET,
    keep,
    login: ({ passport }) => (passport as OldValues["passport"])?.user,
  });
  const session = { ...SECURE.session, importFrom: from };
  const at = await deviceSite({ session, deviceBound: deviceBound(options) });
  return {
    ...at,
    old,
    /** Logs a user in with the old application. Resolves with the old cookie. */
    async oldLogin(id = "1"): Promise<string> {
      const before = new Browser(old);
      await before.post("/login", { json: { username: id, password: "x" } });
      return `${OLD}=${await before.cookie(OLD)}`;
    },
    /** A browser with the old cookie. */
    async browserWith(cookie: string): Promise<DeviceBrowser> {
      const browser = new DeviceBrowser(at.origin);
      await browser.jar.setCookie(`${cookie}; Path=/`, at.origin);
      return browser;
    },
    async oldMe(cookie: string): Promise<string | null> {
      const answer = await fetch(`${old}/me`, { headers: { cookie } });
      return ((await answer.json()) as { id: string | null }).id;
    },
  };
}

describe("an imported login", () => {
  let clock: sinon.SinonFakeTimers;
  beforeEach(() => {
    clock = sinon.useFakeTimers({ now: Date.now(), toFake: ["Date"] });
  });
  afterEach(() => sinon.restore());

  for (const keep of [false, true]) {
    for (const first of ["/me", "/public"]) {
      it(`is bound to the browser that comes back, and the old cookie is of no use, first to ${first}${keep ? ", kept" : ""}`, async () => {
        const at = await twoApplications({ keep });
        const cookie = await at.oldLogin();
        const browser = await at.browserWith(cookie);
        const answer = await browser.get(first);
        expect(offerIn(answer)).to.not.equal(null);
        expect(answer.headers.get("cache-control")).to.include("no-store");
        expect((await browser.get("/bound")).status).to.equal(200);
        await settled();
        clock.tick(GRACE);
        expect((await at.sendCopy("GET /me", cookie)).status, "the old cookie").to.equal(401);
        const sid = `${SID}=${await browser.cookie(SID)}`;
        expect((await at.sendCopy("GET /me", sid)).status, "the new cookie").to.equal(401);
        expect((await at.sendCopy("GET /me", `${sid}; ${cookie}`)).status, "both").to.equal(401);
        clock.tick(EXPIRED);
        expect((await browser.get("/me")).json<Me>().name).to.equal("Ann");
        expect(await at.login.sessions.list("1")).to.have.length(1);
        expect((await at.login.sessions.list("1"))[0]!.deviceBound).to.equal(true);
        expect(await at.oldMe(cookie), "in the old application").to.equal(keep ? "1" : null);
      });
    }
  }

  it("is offered a registration only once, also to concurrent requests", async () => {
    const at = await twoApplications();
    const browser = await at.browserWith(await at.oldLogin());
    browser.registers = false;
    const answers = await Promise.all(Array.from({ length: 5 }, () => browser.get("/me")));
    expect(answers.map(({ status }) => status)).to.eql([200, 200, 200, 200, 200]);
    expect(answers.filter((answer) => offerIn(answer) !== null)).to.have.length(1);
    expect(offerIn(await browser.get("/me"))).to.equal(null);
  });

  it("accepts no key of a thief who has the old cookie but no challenge, and none later", async () => {
    const at = await twoApplications();
    const cookie = await at.oldLogin();
    const browser = await at.browserWith(cookie);
    browser.registers = false;
    const answer = await browser.get("/me");
    const { challenge, path } = offerIn(answer)!;
    const thief = await newKey();
    const register = async (text: string) =>
      at.sendCopy(`POST ${path}`, cookie, {
        headers: { "secure-session-response": await proofOf(text, thief, { jwk: thief.jwk }) },
      });
    expect((await register("")).status).to.equal(403);
    const other = await at.browserWith(await at.oldLogin("2"));
    other.registers = false;
    expect((await register(offerIn(await other.get("/me"))!.challenge)).status).to.equal(403);
    clock.tick(16 * MINUTE);
    expect((await register(challenge)).status).to.equal(403);
    expect((await browser.get("/me")).status).to.equal(200);
  });

  it("ends when the owner logs in, if a thief has bound it first", async () => {
    const at = await twoApplications();
    const cookie = await at.oldLogin();
    const thief = await at.browserWith(cookie);
    await thief.get("/me");
    await thief.get("/me");
    await settled();
    clock.tick(GRACE);
    const owner = await at.browserWith(cookie);
    expect((await owner.get("/me")).status).to.equal(401);
    await owner.post("/login/1", { json: {} });
    expect((await owner.get("/bound")).status).to.equal(200);
    expect((await thief.get("/me")).status).to.equal(401);
    expect(await at.login.sessions.list("1")).to.have.length(1);
  });

  it("ends with its old session, and the browser deletes its key", async () => {
    const at = await twoApplications({ keep: true });
    const cookie = await at.oldLogin();
    const browser = await at.browserWith(cookie);
    await browser.get("/me");
    expect((await browser.get("/bound")).status).to.equal(200);
    await settled();
    await fetch(`${at.old}/logout`, { method: "POST", headers: { cookie } });
    expect((await browser.get("/me")).status).to.equal(401);
    clock.tick(EXPIRED);
    await browser.get("/public");
    expect(browser.sessions.size).to.equal(0);
  });

  it("keeps its device in an impersonation, and a logout also ends the old session", async () => {
    const at = await twoApplications({ keep: true });
    at.app.post("/as/:id", (req, res, next) => {
      impersonate(req, at.byId.get(req.params.id)!).then(() => res.json(true), next);
    });
    const cookie = await at.oldLogin();
    const browser = await at.browserWith(cookie);
    await browser.get("/me");
    await browser.get("/me");
    await settled();
    await browser.post("/as/2");
    clock.tick(GRACE);
    expect((await browser.get("/me")).json<Me>().name).to.equal("Bob");
    const copy = (await browser.copied()).split("; ").filter((one) => !one.startsWith(DEVICE));
    for (const one of [...copy, copy.join("; ")]) expect((await at.sendCopy("GET /me", one)).status).to.equal(401);
    await browser.post("/logout");
    expect((await at.sendCopy("GET /me", cookie)).status).to.equal(401);
  });

  it("is not offered a registration with register: false, or without a login", async () => {
    const at = await twoApplications({ register: false });
    expect(offerIn(await (await at.browserWith(await at.oldLogin())).get("/me"))).to.equal(null);
    const registering = await twoApplications();
    const visitor = new Browser(registering.old);
    await visitor.post("/cart/a-book");
    const browser = await registering.browserWith(`${OLD}=${await visitor.cookie(OLD)}`);
    expect(offerIn(await browser.get("/kept"))).to.equal(null);
    const gone = await registering.browserWith(await registering.oldLogin("99"));
    expect(offerIn(await gone.get("/public")), "a user who does not exist").to.equal(null);
  });
});
