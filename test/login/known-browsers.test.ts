import { expect } from "chai";
import express from "express";
import type { LoginManagerOptions } from "latchkey";
import { knownBrowsers } from "latchkey/known-browsers";
import sinon from "sinon";
import { Browser } from "../support/browser.js";
import { factorSite } from "../support/factor-site.js";
import { Person, SECRET } from "../support/people.js";
import { only, send } from "../support/raw-client.js";
import { serve } from "../support/server.js";
import { site } from "../support/site.js";
import { twoKinds } from "../support/two-kinds.js";
import { WatchedStore } from "../support/watched-store.js";

const DAY = 24 * 3_600_000;
const JSON_ONLY = { accept: "application/json" };

/** A site that recognizes browsers. `told` lists, for each login, the user and whether the browser was known. */
async function knowingSite(options: Partial<LoginManagerOptions<Person>> = {}) {
  const store = new WatchedStore();
  const at = site({ knownBrowsers: knownBrowsers(), ...options, store });
  const told: string[] = [];
  at.login.on("loggedIn", ({ user, ...rest }) =>
    told.push(`${user.id} ${"browser" in rest ? rest.browser : "absent"}`),
  );
  for (let id = 10; id < 30; id++) at.byId.set(String(id), new Person(String(id), `User ${id}`));
  at.app.post("/forget", (req, res) => {
    at.login.forgetKnownBrowser(req);
    res.send("forgotten");
  });
  const origin = await serve(at.app);
  return { ...at, told, origin, newBrowser: () => new Browser(origin, JSON_ONLY) };
}

describe("knownBrowsers", () => {
  let clock: sinon.SinonFakeTimers;
  beforeEach(() => {
    clock = sinon.useFakeTimers({ now: Date.now(), toFake: ["Date"] });
  });
  afterEach(() => sinon.restore());

  it("says of each login whether the user has logged in with this browser before, also after a logout", async () => {
    const { told, newBrowser } = await knowingSite();
    const [first, second] = [newBrowser(), newBrowser()];
    for (const browser of [first, first, second, first]) {
      await browser.post("/login/1");
      await browser.post("/logout");
    }
    await first.restart();
    await first.post("/login/2");
    await first.post("/login/1");
    expect(told).to.deep.equal(["1 new", "1 known", "1 new", "1 known", "2 new", "1 known"]);
  });

  it("needs no store call, and sets one cookie that scripts and other sites cannot use", async () => {
    const { origin, store } = await knowingSite();
    const answer = await send(origin, "POST /login/1");
    expect(store.calls).to.deep.equal(["create"]);
    const set = answer.headers["set-cookie"]!.find((one) => one.startsWith("known="));
    expect(set).to.match(/^known=[\w-]+\.[\w-]{43}; Max-Age=31536000; Path=\/; Expires=[^;]+; HttpOnly; SameSite=Lax$/);
    expect(answer.headers["cache-control"]).to.equal("private, no-store");
    store.calls = [];
    const guarded = await send(origin, "GET /me", { cookie: answer.cookie });
    expect([store.calls, guarded.headers["set-cookie"]]).to.deep.equal([["read"], undefined]);
  });

  it("is off by default: no cookie, and the event has no such property", async () => {
    const { told, origin } = await knowingSite({ knownBrowsers: undefined });
    const answer = await send(origin, "POST /login/1");
    expect([told, answer.headers["set-cookie"]!.length]).to.deep.equal([["1 absent"], 1]);
    const { status, text } = await send(origin, "POST /forget", { cookie: answer.cookie });
    expect(status).to.equal(500);
    expect(text).to.include(
      "knownBrowsers: forgetKnownBrowser() needs this option; give it knownBrowsers() of &quot;latchkey/known-browsers",
    );
  });

  it("has the attributes and the prefix of the session cookie, and is hidden from scripts", async () => {
    const cookie = { secure: true, sameSite: "strict", priority: "high", httpOnly: false } as const;
    const at = site({ knownBrowsers: knownBrowsers({ duration: "1d" }), session: { cookie } });
    at.app.set("trust proxy", true);
    const headers = { "x-forwarded-proto": "https" };
    const answer = await send(await serve(at.app), "POST /login/1", { headers });
    const set = answer.headers["set-cookie"]!.find((one) => one.includes("known="));
    expect(set).to.match(
      /^__Host-known=[^;]+; Max-Age=86400; Path=\/; Expires=[^;]+; HttpOnly; Secure; Priority=High; SameSite=Strict$/,
    );
  });

  it("sets no cookie for a refused login, or before a login is complete", async () => {
    const { ann, origin } = await knowingSite();
    ann.isActive = false;
    expect((await send(origin, "POST /login/1")).headers["set-cookie"]).to.equal(undefined);

    const limited = await knowingSite({ maxSessions: 1, onLimit: "refuse" });
    await limited.newBrowser().post("/login/1");
    const refused = await send(limited.origin, "POST /login/1");
    expect([refused.status, refused.headers["set-cookie"]]).to.deep.equal([403, undefined]);

    const told: unknown[] = [];
    const half = factorSite({ knownBrowsers: knownBrowsers() });
    half.login.on("loggedIn", ({ browser }) => told.push(browser));
    const browser = new Browser(await serve(half.app), JSON_ONLY);
    for (const expected of ["new", "known"]) {
      const before = await browser.cookie("known");
      await browser.post("/login/1", { json: { methods: ["pwd"] } });
      expect([told, await browser.cookie("known")]).to.deep.equal([[], before]);
      await browser.post("/confirm", { json: { methods: ["otp"] } });
      expect(told.splice(0)).to.deep.equal([expected]);
      expect(await browser.cookie("known"))
        .to.be.a("string")
        .that.does.not.equal(before);
      clock.tick(1000);
      await browser.post("/logout");
    }
  });

  it("identifies nobody: the cookies of one user in two browsers have nothing in common", async () => {
    const { newBrowser } = await knowingSite();
    const values: string[] = [];
    for (const browser of [newBrowser(), newBrowser()]) {
      await browser.post("/login/1");
      const value = (await browser.cookie("known"))!;
      values.push(Buffer.from(value.split(".")[0]!, "base64url").toString());
    }
    const [one, other] = values.map((value) => value.split(".")[1]!);
    expect([one!.length, other!.length]).to.deep.equal([32, 32]);
    expect(one!.slice(0, 16)).not.to.equal(other!.slice(0, 16));
    expect(one!.slice(16)).not.to.equal(other!.slice(16));
  });

  it("is known for ten users: the one whose login is longest ago is forgotten first", async () => {
    const { told, newBrowser } = await knowingSite();
    const browser = newBrowser();
    const enter = async (id: number) => void (await browser.post(`/login/${id}`));
    for (let id = 10; id < 20; id++) await enter(id);
    await enter(10);
    await enter(20);
    told.length = 0;
    for (const id of [10, 11, 20]) await enter(id);
    expect(told).to.deep.equal(["10 known", "11 new", "20 known"]);
    expect((await browser.cookie("known"))!.length).to.be.below(330);
  });

  it("is forgotten after its duration, which each login restarts, even if the browser sends it", async () => {
    const { told, origin } = await knowingSite({ knownBrowsers: knownBrowsers({ duration: "30d" }) });
    let cookie = only("known", (await send(origin, "POST /login/1")).cookie);
    for (const days of [29, 29, 30]) {
      clock.tick(days * DAY);
      cookie = only("known", (await send(origin, "POST /login/1", { cookie })).cookie);
    }
    expect(told).to.deep.equal(["1 new", "1 known", "1 known", "1 new"]);
  });

  it("does not believe a forged, changed or doubled cookie, or one of another purpose", async () => {
    const { told, origin } = await knowingSite();
    const { cookie } = await send(origin, "POST /login/1");
    const known = only("known", cookie);
    const [text, signature] = known.slice("known=".length).split(".") as [string, string];
    const other = only("known", (await send(origin, "POST /login/2")).cookie);
    const forged = [
      `known=${text}`,
      `known=${text}.`,
      `known=${text}.${signature}.x`,
      `known=${text}x.${signature}`,
      `known=${text}.${"A".repeat(43)}`,
      `known=${only("sid", cookie).slice(4)}`,
      `${known}; ${known}`,
      "known=",
      `known=${"x".repeat(4000)}`,
      other,
    ];
    told.length = 0;
    for (const one of forged) await send(origin, "POST /login/1", { cookie: one });
    expect(told).to.deep.equal(forged.map(() => "1 new"));
    await send(origin, "POST /login/1", { cookie: known });
    expect(told.at(-1)).to.equal("1 known");
  });

  it("a copied cookie gives no access, and only makes the browser known", async () => {
    const { told, origin } = await knowingSite();
    const known = only("known", (await send(origin, "POST /login/1")).cookie);
    expect((await send(origin, "GET /me", { cookie: known })).status).to.equal(401);
    await send(origin, "POST /login/1", { cookie: known });
    expect(told.at(-1)).to.equal("1 known");
  });

  it("stays known when the secret is rotated, until the old secret is removed", async () => {
    const [old, young] = [SECRET, "the next secret of this site, 32 characters"];
    const at = async (secret: string[]) => knowingSite({ secret });
    const [before, during, after] = [await at([old]), await at([young, old]), await at([young])];
    const known = only("known", (await send(before.origin, "POST /login/1")).cookie);
    await send(after.origin, "POST /login/1", { cookie: known });
    const renewed = only("known", (await send(during.origin, "POST /login/1", { cookie: known })).cookie);
    await send(after.origin, "POST /login/1", { cookie: renewed });
    expect([after.told, during.told]).to.deep.equal([["1 new", "1 known"], ["1 known"]]);
  });

  it("forgetKnownBrowser removes the cookie, and logs nobody out", async () => {
    const { told, newBrowser } = await knowingSite();
    const browser = newBrowser();
    await browser.post("/login/1");
    const answer = await browser.post("/forget");
    expect(answer.cookies).to.have.length(1);
    expect(answer.cookies[0]).to.match(/^known=; Path=\/; Expires=Thu, 01 Jan 1970/);
    expect((await browser.get("/me")).status).to.equal(200);
    expect((await browser.post("/forget")).cookies).to.deep.equal([]);
    await browser.post("/login/1");
    expect(told).to.deep.equal(["1 new", "1 new"]);
  });

  it("counts each login of one request", async () => {
    const { app, ann, bob, login, told, newBrowser } = await knowingSite();
    app.post("/both", async (req, res) => {
      for (const user of [ann, bob, ann]) await login.loginUser(req, user);
      login.forgetKnownBrowser(req);
      await login.loginUser(req, ann);
      res.send("in");
    });
    const browser = newBrowser();
    const answer = await browser.post("/both");
    expect(answer.cookies.filter((one) => one.startsWith("known="))).to.have.length(1);
    await browser.post("/login/1");
    expect(told).to.deep.equal(["1 new", "2 new", "1 known", "1 new", "1 known"]);
  });

  it("keeps the users of two managers apart, each with its own cookie", async () => {
    const store = new WatchedStore();
    const told: string[] = [];
    const { app } = twoKinds({ customers: store, staff: store }, { knownBrowsers: knownBrowsers() }, (at, managers) => {
      for (const manager of managers) {
        manager.on("loggedIn", ({ user, browser }) => told.push(`${user.kind} ${user.id} ${browser}`));
        manager.init(at);
      }
    });
    const browser = new Browser(await serve(app), JSON_ONLY);
    for (const kind of ["customer", "staff", "customer", "staff"]) await browser.post(`/${kind}/login/1`, { json: {} });
    expect(told).to.deep.equal(["customer 1 new", "staff 1 new", "customer 1 known", "staff 1 known"]);
    const [customers, staff] = [await browser.cookie("customers-known"), await browser.cookie("staff-known")];
    const swapped = new Browser(browser.origin, JSON_ONLY);
    await swapped.setCookie("customers-known", staff!);
    await swapped.setCookie("staff-known", customers!);
    for (const kind of ["customer", "staff"]) await swapped.post(`/${kind}/login/1`, { json: {} });
    expect(told.slice(4)).to.deep.equal(["customer 1 new", "staff 1 new"]);
  });

  it("cannot be forgotten after the response has begun", async () => {
    const { app, login, origin } = await knowingSite();
    let error: unknown;
    app.use(express.json());
    app.post("/late", (req, res) => {
      res.write("begun");
      try {
        login.forgetKnownBrowser(req);
      } catch (thrown) {
        error = thrown;
      }
      res.end();
    });
    await send(origin, "POST /late");
    expect(error).to.include({ code: "response_started" });
  });
});
