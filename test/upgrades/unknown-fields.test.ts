import { createHmac, hkdfSync } from "node:crypto";
import { expect } from "chai";
import type { JsonObject, SessionStore, StoredRecord } from "latchkey";
import { accountSite, shown } from "../support/account-site.js";
import { backendsHere, type Opened, SQL } from "../support/backends.js";
import { Browser } from "../support/browser.js";
import { SECRET } from "../support/people.js";
import { storedBrowsers, storedSessions } from "../support/records.js";
import type { Me } from "../support/site.js";

const JSON_ONLY = { accept: "application/json" };
const OLD_SECRET = "the old secret of this site, 32 characters or more";
/** What a later version of latchkey adds to a login. */
const ADDED = { factors: ["pwd", "otp"], seen: { otp: 1 } };
/** What a later version adds to the record of a remembered browser, apart from fields of the login. */
const LABEL = { label: "phone" };

const here = await backendsHere("memory", "redis", "sqlite", "postgres", "mariadb", ...SQL);

/** Changes a record as a process of a later version would. */
async function change(store: SessionStore, { id, ...record }: StoredRecord, data: JsonObject): Promise<void> {
  expect(await store.update(id, { ...record, data: { ...record.data, ...data } })).to.equal(true);
}

/** Adds fields of a later version to the records of Ann's only login. */
async function addFields(store: SessionStore, login: JsonObject = ADDED): Promise<void> {
  const [session] = await storedSessions(store, "1");
  await change(store, session!, { auth: { ...(session!.data.auth as JsonObject), ...ADDED } });
  for (const browser of await storedBrowsers(store, "1")) await change(store, browser, { ...LABEL, login });
}

const loginIn = ({ data }: StoredRecord) => data.auth as JsonObject;

/** Asserts that Ann has one session, whose login has the added fields. Returns this login. */
async function oneSession(store: SessionStore): Promise<JsonObject> {
  const sessions = await storedSessions(store, "1");
  expect(sessions).to.have.length(1);
  const login = loginIn(sessions[0]!);
  expect(login).to.deep.include({ ...ADDED, v: 1 });
  return login;
}

/** Asserts that Ann has one remembered browser, whose record has the added fields. */
async function oneBrowser(store: SessionStore): Promise<void> {
  const browsers = await storedBrowsers(store, "1");
  expect(browsers).to.have.length(1);
  expect(browsers[0]!.data).to.deep.include({ ...LABEL, login: ADDED, v: 1 });
}

describe("fields that a later version has added to a login", () => {
  for (const { name, open } of here) {
    describe(`on ${name}`, () => {
      let opened: Opened;
      beforeEach(async () => {
        opened = await open();
      });
      afterEach(() => opened?.close());

      async function remembered(options: Parameters<typeof accountSite>[0] = {}) {
        const at = await accountSite({ ...options, store: opened.store });
        const browser = new Browser(at.origin, JSON_ONLY);
        expect((await browser.post("/login/1", { json: { remember: true } })).status).to.equal(200);
        await addFields(opened.store);
        return { ...at, browser };
      }

      it("stay when the login is read, changed with its session, listed and confirmed", async () => {
        const { browser } = await remembered();
        expect((await browser.get("/me")).status).to.equal(200);
        await browser.post("/note/hello");
        expect(await shown(browser)).to.have.length(1);
        await oneSession(opened.store);
        expect((await browser.post("/confirm")).status).to.equal(200);
        await oneSession(opened.store);
        await oneBrowser(opened.store);
        expect((await browser.get("/note")).json()).to.equal("hello");
      });

      it("stay when the login is restored", async () => {
        const { browser } = await remembered();
        await browser.restart();
        expect((await browser.get("/me")).json<Me>().remembered).to.equal(true);
        expect((await oneSession(opened.store)).remembered).to.equal(true);
        await oneBrowser(opened.store);
      });

      it("stay when the login is restored and confirmed in one request", async () => {
        const { browser } = await remembered();
        await browser.restart();
        expect((await browser.post("/confirm")).status).to.equal(200);
        expect((await oneSession(opened.store)).remembered).to.equal(false);
        await oneBrowser(opened.store);
      });

      it("stay when a login that another request has restored is confirmed", async () => {
        const { browser, origin } = await remembered();
        await browser.restart();
        const other = new Browser(origin, JSON_ONLY);
        other.jar = await browser.jar.clone();
        expect((await browser.get("/me")).status).to.equal(200);
        expect((await other.post("/confirm")).status, "with the token that is used up").to.equal(200);
        await oneSession(opened.store);
        await oneBrowser(opened.store);
      });

      it("stay when the stamp changes, also in the browser's new record", async () => {
        const { browser } = await remembered();
        const [before] = await storedBrowsers(opened.store, "1");
        expect((await browser.post("/password")).status).to.equal(200);
        await oneSession(opened.store);
        await oneBrowser(opened.store);
        expect((await storedBrowsers(opened.store, "1"))[0]!.id, "it is another record").not.to.equal(before!.id);
      });

      it("stay when session protection makes the login not fresh, and when a new secret signs its stamp", async () => {
        const { origin, browser } = await remembered({ secret: OLD_SECRET });
        const protecting = await browser.get("/me", { headers: { "user-agent": "another" } });
        expect(protecting.json<Me>().fresh).to.equal(false);
        const { stamp } = await oneSession(opened.store);

        const rotated = await accountSite({ store: opened.store, secret: [SECRET, OLD_SECRET] });
        const later = new Browser(rotated.origin, JSON_ONLY);
        for (const { key, value } of await browser.jar.getCookies(origin)) await later.setCookie(key, value);
        expect((await later.get("/me")).status).to.equal(200);
        expect((await oneSession(opened.store)).stamp, "it is signed again").not.to.equal(stamp);
      });

      it("do not come along to a new login of the same user", async () => {
        const { browser } = await remembered();
        await browser.post("/login/1", { json: { remember: true } });
        const [session, ...others] = await storedSessions(opened.store, "1");
        expect(others).to.eql([]);
        expect(loginIn(session!)).not.to.have.any.keys(...Object.keys(ADDED));
        const [browserRecord] = await storedBrowsers(opened.store, "1");
        expect(browserRecord!.data).not.to.have.any.keys("label", "login");
      });

      it("cannot replace what this version knows when the login is restored", async () => {
        const { browser } = await remembered();
        const [record] = await storedBrowsers(opened.store, "1");
        const known = { userId: "2", freshAt: Date.now(), remembered: false, pending: true, series: null, v: 7 };
        await change(opened.store, record!, { login: { ...ADDED, ...known } });
        await browser.restart();
        expect((await browser.get("/me")).json<Me>()).to.eql({ name: "Ann", fresh: false, remembered: true });
        const login = await oneSession(opened.store);
        expect(login).to.include({ userId: "1", freshAt: null, remembered: true, series: record!.id });
        expect(login).not.to.have.property("pending");
      });
    });
  }

  it("stay in a stateless remember cookie that is signed again, and in the login that it restores", async () => {
    const { origin, store } = await accountSite({ remember: { mode: "stateless" }, secret: [SECRET, OLD_SECRET] });
    const made = new Browser(origin, JSON_ONLY);
    await made.post("/login/1", { json: { remember: true } });
    const content = JSON.parse(textOf((await made.cookie("remember"))!)) as unknown[];
    expect(content).to.have.length(5);

    const browser = new Browser(origin, JSON_ONLY);
    await browser.setCookie("remember", sealed([...content, ADDED, "more"], OLD_SECRET));
    await store.inner.destroyByUser("1", { kind: "session", limit: 100 });
    expect((await browser.get("/me")).status).to.equal(200);
    await oneSession(store.inner);
    const again = (await browser.cookie("remember"))!;
    expect((JSON.parse(textOf(again)) as unknown[]).slice(5)).to.eql([ADDED, "more"]);
    expect(again, "the new secret has signed it").to.equal(sealed(JSON.parse(textOf(again)), SECRET));
    expect((await browser.post("/password")).status).to.equal(200);
    expect((JSON.parse(textOf((await browser.cookie("remember"))!)) as unknown[]).slice(5)).to.eql([ADDED, "more"]);
  });
});

describe("a record of a kind that a later version has added", () => {
  for (const { name, open } of here) {
    it(`on ${name}, is left alone until it expires`, async () => {
      const { store, close } = await open();
      try {
        const { origin } = await accountSite({ store });
        const browser = new Browser(origin, JSON_ONLY);
        await browser.post("/login/1", { json: { remember: true } });
        const now = Date.now();
        const times = { createdAt: now, lastSeenAt: now, expiresAt: now + 3_600_000 };
        const device = { kind: "device", userId: "1", data: { key: "k" }, ...times, revision: 0 };
        await store.create("device", device);
        await browser.post("/revoke-all?except=current");
        await browser.post("/revoke-all");
        await browser.post("/login/1");
        await browser.post("/logout");
        await store.prune();
        expect(await store.read("device")).to.eql(device);
      } finally {
        await close();
      }
    });
  }
});

/** The text in a signed cookie. */
function textOf(cookie: string): string {
  return Buffer.from(cookie.split(".")[0]!, "base64url").toString();
}

/** A stateless remember cookie, as a later version would sign it. */
function sealed(content: unknown, secret: string): string {
  const key = Buffer.from(hkdfSync("sha256", secret, "", "latchkey remember", 32));
  const text = Buffer.from(JSON.stringify(content)).toString("base64url");
  return `${text}.${createHmac("sha256", key).update(text).digest("base64url")}`;
}
