import { expect } from "chai";
import express, { type Express } from "express";
import expressSession from "express-session";
import { flash, loginUser } from "latchkey";
import { flashSite, type Reader } from "../support/flash-site.js";
import { SECRET } from "../support/people.js";
import type { site } from "../support/site.js";

const CROSS_SITE = { "sec-fetch-site": "cross-site" };

/** Pages that use the session, or send a message, without a login. */
function routes(app: Express): void {
  app.all("/token", (req, res) => {
    req.session.note ??= "the token of a form";
    res.send(req.session.note);
  });
  app.all("/touch", (req, res) => {
    req.session.cookie.maxAge = 60_000;
    res.send("touched");
  });
  app.all("/save", async (req, res) => {
    req.session.note = "kept";
    await req.session.save();
    res.send("saved");
  });
  app.all("/save-with-callback", (req, res, next) => {
    req.session.note = "kept";
    req.session.save((error) => (error ? next(error) : res.send("saved")));
  });
  app.all("/regenerate", async (req, res) => {
    await req.session.regenerate();
    req.session.note = "kept";
    res.send("new");
  });
  app.all("/payment", (req, res) => {
    flash(req, "Thank you for your payment");
    res.redirect(303, "/take");
  });
}

/** Sends a form from another site: without Lax cookies. The browser stores the cookies of the response. */
async function forge(browser: Reader, path: string, headers: Record<string, string> = CROSS_SITE, method = "POST") {
  const url = browser.origin + path;
  const answer = await fetch(url, { method, redirect: "manual", headers: { ...browser.headers, ...headers } });
  const cookies = answer.headers.getSetCookie();
  for (const cookie of cookies) await browser.jar.setCookie(cookie, url, { ignoreError: true });
  return { status: answer.status, names: cookies.map((cookie) => cookie.split("=")[0]) };
}

async function visit(options: Parameters<typeof flashSite>[0] = {}, mount?: Parameters<typeof site>[1]) {
  const at = await flashSite(options, routes, mount);
  await at.browser.post("/login/1");
  at.store.calls = [];
  const isLoggedIn = async () => (await at.browser.get("/me")).status === 200;
  return { ...at, isLoggedIn };
}

const PATHS = ["/note/x", "/token", "/touch", "/save", "/save-with-callback", "/regenerate", "/logout", "/bye"];

describe("a form sent from another site", () => {
  it("does not end the login when a guard rejects the form, and shows the user no message", async () => {
    const { browser, store, isLoggedIn } = await visit();
    await browser.flash("Saved");
    expect(await forge(browser, "/guarded")).to.eql({ status: 303, names: ["flash"] });
    expect(await isLoggedIn()).to.equal(true);
    expect(await browser.texts()).to.eql([]);
    expect(store.calls).not.to.include("create");
  });

  for (const path of PATHS) {
    it(`does not replace the login with an anonymous session: ${path}`, async () => {
      const { browser, store, isLoggedIn } = await visit({ session: { saveUninitialized: true } });
      const { status, names } = await forge(browser, path);
      expect(status).to.be.below(400);
      expect(names).to.eql(path === "/bye" ? ["flash"] : []);
      expect(await isLoggedIn()).to.equal(true);
      expect(store.calls).not.to.include.members(["create"]);
    });
  }

  it("can cause a message of the application that the user sees", async () => {
    const { browser, isLoggedIn } = await visit();
    await forge(browser, "/payment");
    expect(await browser.texts()).to.eql(["Thank you for your payment"]);
    expect(await isLoggedIn()).to.equal(true);
  });

  it("can log a user in, for example as the form_post of an identity provider", async () => {
    const { browser } = await visit();
    expect(await forge(browser, "/login/2")).to.eql({ status: 200, names: ["sid"] });
    expect((await browser.get("/me")).json()).to.include({ name: "Bob" });
  });

  it("can use a session if a session cookie is sent, valid or not", async () => {
    const { browser, store } = await visit();
    await forge(browser, "/note/x", { ...CROSS_SITE, cookie: await browser.jar.getCookieString(browser.origin) });
    expect(store.calls).to.include("update");
    expect((await forge(browser, "/note/x", { ...CROSS_SITE, cookie: "sid=forged" })).names).to.eql(["sid"]);
  });

  it("is recognized by its Origin if the browser sends no Sec-Fetch-Site", async () => {
    const { browser, isLoggedIn, origin } = await visit();
    for (const from of ["https://evil.example", "http://evil.example:80", "http://[::1]:3000", "app://x"]) {
      expect((await forge(browser, "/note/x", { origin: from })).names, from).to.eql([]);
      expect(await isLoggedIn()).to.equal(true);
    }
    // These are not from another site: the same host with any scheme or port, an Origin without a host, no Origin, and
    // a Sec-Fetch-Site that overrides the Origin.
    const own: Array<Record<string, string>> = [
      { origin },
      { origin: "https://127.0.0.1" },
      { origin: "http://127.0.0.1:1" },
      { origin: "null" },
      { origin: "junk" },
      {},
      { origin: "https://evil.example", "sec-fetch-site": "same-site" },
      { origin: "https://evil.example", "sec-fetch-site": "same-origin" },
      { "sec-fetch-site": "none" },
    ];
    for (const headers of own) {
      expect((await forge(browser, "/note/x", headers)).names, JSON.stringify(headers)).to.eql(["sid"]);
    }
  });

  it("has its Origin compared with the X-Forwarded-Host of a trusted proxy", async () => {
    const { app, browser } = await visit();
    app.set("trust proxy", true);
    const headers = { origin: "https://Shop.example", "x-forwarded-host": "SHOP.example:8443" };
    expect((await forge(browser, "/note/x", headers)).names).to.eql(["sid"]);
    expect((await forge(browser, "/note/x", { ...headers, "x-forwarded-host": "other.example" })).names).to.eql([]);
  });

  for (const method of ["PUT", "PATCH", "DELETE"]) {
    it(`sets no session cookie if a script sends it: ${method}`, async () => {
      const { browser } = await visit();
      expect((await forge(browser, "/token", CROSS_SITE, method)).names).to.eql([]);
    });
  }

  it("can start a session if the cookie is SameSite=None, because browsers send this cookie with forms", async () => {
    const { browser } = await visit({ session: { proxy: true, cookie: { sameSite: "none", secure: true } } });
    const headers = { ...CROSS_SITE, "x-forwarded-proto": "https" };
    expect((await forge(browser, "/note/x", headers)).names).to.eql(["__Host-sid"]);
  });

  it("does not replace the login if the cookie is SameSite=Strict, but a link does", async () => {
    const { browser, isLoggedIn } = await visit({ session: { cookie: { sameSite: "strict" } } });
    expect((await forge(browser, "/token")).names).to.eql([]);
    expect(await isLoggedIn()).to.equal(true);
    // A visitor who follows a link needs the form token of the page. The server cannot know that there is a login.
    expect((await forge(browser, "/token", CROSS_SITE, "GET")).names).to.eql(["sid"]);
    expect(await isLoggedIn()).to.equal(false);
  });

  it("can start a session if a link sends it, because browsers send Lax cookies with links", async () => {
    const { browser } = await visit();
    expect((await forge(browser, "/token", CROSS_SITE, "GET")).names).to.eql(["sid"]);
  });

  it("ends a login in the application's express-session only if the application writes to the session", async () => {
    const { browser, isLoggedIn } = await visit({}, (login, app) => {
      app.use(expressSession({ secret: SECRET, name: "sid", resave: false, saveUninitialized: false }));
      app.use(login.middleware());
    });
    expect((await forge(browser, "/guarded")).names).to.eql(["flash"]);
    expect((await forge(browser, "/logout")).names).to.eql([]);
    expect(await isLoggedIn()).to.equal(true);
    expect((await forge(browser, "/note/x")).names).to.eql(["sid"]);
    expect(await isLoggedIn()).to.equal(false);
  });

  it("can write to an anonymous session, and a login keeps the data", async () => {
    const { app, browser, byId } = await visit();
    app.post("/callback", express.urlencoded(), async (req, res) => {
      req.session.note = "from the provider";
      await req.session.save();
      await loginUser(req, byId.get("2")!);
      res.send("in");
    });
    expect((await forge(browser, "/callback")).names).to.eql(["sid"]);
    expect((await browser.get("/note")).json()).to.equal("from the provider");
  });
});
