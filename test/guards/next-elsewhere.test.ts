import { Controller, Get } from "@nestjs/common";
import { expect } from "chai";
import express from "express";
import { LoginManager, type LoginManagerOptions, loginRequired, safeNext } from "latchkey";
import { guardedClasses, nestSite } from "../nestjs/site.js";
import { Browser } from "../support/browser.js";
import { people, SECRET } from "../support/people.js";
import { sendLine } from "../support/request-line.js";
import { serve } from "../support/server.js";
import { setUp, stages } from "../support/stages.js";
import { UNSAFE_URLS } from "../support/unsafe-urls.js";
import { quiet, warningsOf } from "../support/warnings.js";

const APP = "https://app.example.com";
const LOGIN = "https://accounts.example.com/login";
const views = { loginView: LOGIN, refreshView: "https://accounts.example.com/confirm" };
const to = (view: string, next: string) => `${view}?next=${encodeURIComponent(next)}`;

/** Returns the Location for a request whose headers try to choose the site's origin. */
async function spoofed(origin: string, path: string): Promise<string | undefined> {
  const headers = ["Host: evil.example", "X-Forwarded-Host: evil.example", "Forwarded: host=evil.example"];
  const head = await sendLine(origin, `GET ${path}`, headers);
  return head.find((line) => line.startsWith("Location: "))?.slice("Location: ".length);
}

describe("next for a view on another host", () => {
  quiet("LatchkeyOriginWarning"); // the tests request pages from 127.0.0.1

  for (const { name, build } of stages) {
    it(`is the URL of the requested page on the option origin, whatever the request says: ${name}`, async () => {
      const { origin, ann, as } = await setUp(build, { ...views, origin: APP });
      const browser = await as();
      const { status, location } = await browser.get("/me?tab=2&q=a%20b");
      expect([status, location]).to.eql([302, to(LOGIN, `${APP}/me?tab=2&q=a%20b`)]);
      expect(await spoofed(origin, "/me")).to.equal(to(LOGIN, `${APP}/me`));
      expect((await browser.send("HEAD", "/me")).location).to.equal(to(LOGIN, `${APP}/me`));
      expect((await browser.post("/any")).location).to.equal(LOGIN);
      const remembered = await as(ann, { remember: true });
      expect((await remembered.get("/fresh")).location).to.equal(to(views.refreshView, `${APP}/fresh`));
    });
  }

  it("is the URL of the requested page on the option origin, whatever the request says: NestJS", async () => {
    const controllers = guardedClasses((guard) => Get(guard), Controller("guarded"));
    const { origin, ann } = await nestSite({
      options: { ...views, methodView: "https://accounts.example.com/factor", origin: APP },
      module: { controllers },
    });
    const browser = new Browser(origin);
    const { status, location } = await browser.get("/guarded/login?tab=2");
    expect([status, location]).to.eql([302, to(LOGIN, `${APP}/guarded/login?tab=2`)]);
    expect(await spoofed(origin, "/guarded/login")).to.equal(to(LOGIN, `${APP}/guarded/login`));
    await browser.post(`/login/${ann.id}`, { json: { methods: ["pwd"] } });
    const factor = to("https://accounts.example.com/factor", `${APP}/guarded/login`);
    expect((await browser.get("/guarded/login")).location).to.equal(factor);
  });

  it("comes with a warning, once, if the request came from another host than that of the option origin", async () => {
    const at = await guardedSite({ loginView: LOGIN, origin: APP });
    const asked = async (host: string) => (await sendLine(at.origin, "GET /me", [`Host: ${host}`]))[0];
    const messages = await warningsOf("LatchkeyOriginWarning", async () => {
      for (const host of ["app.example.com", "APP.example.com:443"]) expect(await asked(host)).to.include("302");
    });
    expect(messages).to.eql([]);
    const told = await warningsOf("LatchkeyOriginWarning", async () => {
      for (const host of ["app.example.com:8443", "evil.example"]) expect(await asked(host)).to.include("302");
    });
    expect(told).to.have.length(1);
    expect(told[0]).to.include(
      `from the host "app.example.com:8443", but after the login, users return to the option origin, ${APP}.`,
    );
    const without = await guardedSite({ loginView: "/login", origin: APP });
    expect(await warningsOf("LatchkeyOriginWarning", () => without.get("/me"))).to.eql([]);
  });

  async function guardedSite(options: Partial<LoginManagerOptions<never>>) {
    const app = express();
    new LoginManager<never>({ secret: SECRET, userLoader: people().load as never, ...options }).init(app);
    app.get("/back", (req, res) => void res.send(safeNext(req, "/home")));
    app.use(loginRequired());
    return new Browser(await serve(app));
  }

  const cases: Array<[why: string, Partial<LoginManagerOptions<never>>, location: string]> = [
    ["a path for a view that is a path", { loginView: "/login" }, to("/login", "/me")],
    [
      "a path for a view with an absolute URL of this site",
      { loginView: "https://APP.example.com:443/login" },
      to(`${APP}/login`, "/me"),
    ],
    [
      "a path if redirectHost is this site",
      { loginView: LOGIN, redirectHost: "app.example.com" },
      to(`${APP}/login`, "/me"),
    ],
    [
      "absolute if redirectHost is another host",
      { loginView: "/login", redirectHost: "accounts.example.com" },
      to("//accounts.example.com/login", `${APP}/me`),
    ],
    ["absolute if only the port differs", { loginView: `${APP}:8443/login` }, to(`${APP}:8443/login`, `${APP}/me`)],
    [
      "absolute if only the scheme differs",
      { loginView: "http://app.example.com/login" },
      to("http://app.example.com/login", `${APP}/me`),
    ],
    ["absolute for a view from a function", { loginView: () => LOGIN }, to(LOGIN, `${APP}/me`)],
    ["absolute for a view from a map", { loginView: { "/me": LOGIN } }, to(LOGIN, `${APP}/me`)],
    [
      "in the form that browsers use",
      { loginView: LOGIN, origin: "HTTPS://App.Example.com:443" },
      to(LOGIN, `${APP}/me`),
    ],
    ["missing if this site's origin is unknown", { loginView: LOGIN, origin: undefined }, LOGIN],
  ];
  for (const [why, options, location] of cases) {
    it(`is ${why}`, async () => {
      expect((await (await guardedSite({ origin: APP, ...options })).get("/me")).location).to.equal(location);
    });
  }

  it("is left out if the requested path could lead to another host", async () => {
    const browser = await guardedSite({ origin: APP, loginView: LOGIN });
    for (const path of ["/.//evil.example", "/%2fevil.example", "/%5cevil.example"]) {
      expect(await spoofed(browser.origin, path), path).to.equal(LOGIN);
    }
  });

  it("is kept in the cookie, for this site as a path, and for the site of the view as a URL", async () => {
    const browser = await guardedSite({ origin: APP, loginView: LOGIN, nextIn: "cookie" });
    expect((await browser.get("/me?tab=2")).location).to.equal(LOGIN);
    const elsewhere = await guardedSite({ nextOrigins: [APP], nextIn: "cookie" });
    const stranger = await guardedSite({ nextIn: "cookie" });
    for (const other of [elsewhere, stranger]) await other.setCookie("flash", (await browser.cookie("flash"))!);
    expect((await elsewhere.get("/back")).text).to.equal(`${APP}/me?tab=2`);
    expect((await stranger.get("/back")).text).to.equal("/home");
    expect((await browser.get("/back")).text).to.equal("/me?tab=2");
    expect((await browser.get("/back")).text).to.equal("/home");
  });
});

describe("safeNext with nextOrigins", () => {
  const NAMED = [
    APP,
    "http://localhost:3000",
    "https://shop.example.com:8443",
    "https://bücher.example",
    "https://[::1]",
  ];

  async function loginPage(options: Partial<LoginManagerOptions<never>> = {}) {
    const app = express();
    new LoginManager<never>({ secret: SECRET, userLoader: () => null, nextOrigins: NAMED, ...options }).init(app);
    app.use(express.urlencoded(), express.json());
    app.all("/login", (req, res) => void res.send(safeNext(req, "/home")));
    const browser = new Browser(await serve(app));
    const ask = async (next: string) => (await browser.get(`/login?next=${encodeURIComponent(next)}`)).text;
    return { browser, ask };
  }

  it("returns a URL of a named origin, normalized", async () => {
    const { browser, ask } = await loginPage();
    const accepted: Array<[string, string?]> = [
      [`${APP}/reports?page=2&q=%2F%2Fevil.example#top`],
      [`${APP}/@evil.example`],
      [`${APP}/a:b@c`],
      [APP, `${APP}/`],
      [`${APP}?a=1`, `${APP}/?a=1`],
      [`${APP}#top`, `${APP}/#top`],
      [`${APP}:443/a`, `${APP}/a`],
      ["HTTPS://App.EXAMPLE.com/a", `${APP}/a`],
      [`${APP}/a/../caf\u00e9`, `${APP}/caf%C3%A9`],
      ["http://localhost:3000/a"],
      ["https://shop.example.com:8443/a"],
      ["https://b\u00fccher.example/a", "https://xn--bcher-kva.example/a"],
      ["https://xn--bcher-kva.example/a"],
      ["https://[0:0:0:0:0:0:0:1]/a", "https://[::1]/a"],
      [`${APP}/${"a".repeat(2024)}`],
      ["/a"],
    ];
    for (const [next, url = next] of accepted) {
      expect(await ask(next), next).to.equal(url);
      expect((await browser.post("/login", { form: { next } })).text, `${next} in a form`).to.equal(url);
    }
  });

  const refused: Record<string, string[]> = {
    ...UNSAFE_URLS,
    "another scheme, host or port": [
      ...["http://app.example.com/", `${APP}:444/`, `${APP}:80/`, "https://localhost:3000/", "http://localhost/"],
      ...[
        "https://shop.example.com/",
        "https://example.com/",
        "https://a.app.example.com/",
        "https://app.example.com.evil.example/",
      ],
      ...[
        "https://evil-app.example.com/",
        "https://app.example.comevil.example/",
        "https://appxexample.com/",
        "https://b\u00fccher.example.evil/",
      ],
      ...[
        "https://bucher.example/",
        "https://\u0430pp.example.com/",
        `${APP}./`,
        "https://app.example.com..",
        "ws://app.example.com/",
      ],
      ...["ftp://app.example.com/", "blob:https://app.example.com/1", "javascript://app.example.com/%0aalert(1)"],
      ...[
        "data:text/html,https://app.example.com/",
        "view-source:https://app.example.com/",
        "null",
        "null/",
        "file://app.example.com/",
      ],
    ],
    "a URL whose host parsers find in different places": [
      ...[
        "https://app.example.com@evil.example/",
        "https://app.example.com:443@evil.example/",
        "https://evil.example@app.example.com/",
      ],
      ...[
        "https://@app.example.com/",
        "https://:@app.example.com/",
        "https://a:b@app.example.com/",
        `${APP}\\@evil.example`,
      ],
      ...[
        "https:\\\\app.example.com/",
        "https:/\\app.example.com",
        "https:/app.example.com/",
        "https:app.example.com/",
        "https:///app.example.com/",
      ],
      ...[
        "https:////app.example.com",
        "//app.example.com/",
        "///app.example.com",
        "\\\\app.example.com",
        "https://evil.example\\.app.example.com/",
      ],
      ...[
        "https://evil.example/https://app.example.com/",
        "https://evil.example?https://app.example.com/",
        "https://evil.example#https://app.example.com/",
      ],
      ...[
        "https://app.example.com%2eevil.example/",
        "https://app.example.com%00.evil.example/",
        "https://app.example.com%40evil.example/",
      ],
      ...[
        "https://app.example.com\uff0fevil.example",
        "https://evil.example\uff0f.app.example.com/",
        "https://evil.example\uff03.app.example.com/",
      ],
    ],
    "control characters, spaces and too long URLs": [
      ...[
        ` ${APP}/`,
        `${APP}/ `,
        `\t${APP}/`,
        `${APP}\t/`,
        "https://app.exam\tple.com/",
        "ht\ntps://app.example.com/",
        "https:/\t/app.example.com/",
      ],
      ...[
        `${APP}/a\r\nSet-Cookie:a=b`,
        `${APP}/\0`,
        `${APP}/\u2028`,
        `\ufeff${APP}/`,
        `${APP}/a b`,
        `${APP}/${"a".repeat(2025)}`,
      ],
      ...[`${APP}/${"\u00e9".repeat(1000)}`, `${APP}/${"\u00e9".repeat(339)}`],
    ],
    "a path that could lead to another host": [
      ...[
        `${APP}//evil.example`,
        `${APP}/.//evil.example`,
        `${APP}/%2fevil.example`,
        `${APP}/%5cevil.example`,
        `${APP}/\\evil.example`,
      ],
      ...[`${APP}/a/..//evil.example`],
    ],
  };
  for (const [why, values] of Object.entries(refused)) {
    it(`rejects ${why}`, async () => {
      const { browser, ask } = await loginPage();
      for (const next of values) {
        expect(await ask(next), JSON.stringify(next)).to.equal("/home");
        const inBody = await browser.post("/login", { json: { next } });
        expect(inBody.text, `${JSON.stringify(next)} in the body`).to.equal("/home");
      }
    });
  }

  it("rejects every absolute URL if there are no named origins", async () => {
    const { ask } = await loginPage({ nextOrigins: undefined });
    for (const origin of NAMED) expect(await ask(`${origin}/a`), origin).to.equal("/home");
  });

  it("rejects next if it is repeated or not a string", async () => {
    const { browser } = await loginPage();
    for (const search of [`next=${APP}/a&next=${APP}/b`, `next[]=${APP}/a`, `next[a]=${APP}/a`]) {
      expect((await browser.get(`/login?${search}`)).text, search).to.equal("/home");
    }
    for (const next of [[`${APP}/a`], { href: `${APP}/a` }, 1, true, null]) {
      expect((await browser.post("/login", { json: { next } })).text, JSON.stringify(next)).to.equal("/home");
    }
  });

  it("returns a path for a URL of this site's own origin", async () => {
    const { ask } = await loginPage({ origin: "https://accounts.example.com", nextOrigins: [] });
    expect(await ask("https://accounts.example.com/settings?tab=2#a")).to.equal("/settings?tab=2#a");
    expect(await ask("https://accounts.example.com")).to.equal("/");
    expect(await ask("https://accounts.example.com//evil.example")).to.equal("/home");
    expect(await ask(`${APP}/a`)).to.equal("/home");
  });

  it("never returns a view, but returns a page of another site with the same path", async () => {
    const { ask } = await loginPage({ loginView: `${APP}/login`, refreshView: "/confirm" });
    for (const view of [`${APP}/login`, `${APP}/LOGIN/?a=1`, `${APP}:443/%6cogin`, "/login", "/confirm"]) {
      expect(await ask(view), view).to.equal("/home");
    }
    for (const other of [`${APP}/confirm`, "http://localhost:3000/login", `${APP}/logins`]) {
      expect(await ask(other), other).to.equal(other);
    }
    const { host } = new URL(APP);
    const redirected = await loginPage({ loginView: "/login", redirectHost: host });
    expect(await redirected.ask(`${APP}/login?a=1`)).to.equal("/home");
    expect(await redirected.ask(`${APP}/logins`)).to.equal(`${APP}/logins`);
  });
});
