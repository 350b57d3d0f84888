import { expect } from "chai";
import express from "express";
import { LoginManager, type LoginManagerOptions, loginRequired, loginUrl, safeNext } from "latchkey";
import { Browser } from "../support/browser.js";
import { people, SECRET } from "../support/people.js";
import { serve } from "../support/server.js";
import { UNSAFE_URLS } from "../support/unsafe-urls.js";
import { withinRequest } from "../support/within-request.js";

/** URLs that may be followed, each with the result of safeNext if it differs. */
const ACCEPTED: Array<[string, string?]> = [
  ["/"],
  ["/ok?u=//evil.com"],
  ["/@evil.com"],
  ["/%0d%0aX"],
  ["/view/?param=http://example.com"],
  ["/view/?param=https://example.com"],
  ["/view?param=ftp://example.com"],
  ["/url%20with%20spaces/"],
  ["/confirm/me@example.com"],
  ["/a?b=1&c=2#part"],
  ["/caf\u00e9?q=\u00fc#\u00f6", "/caf%C3%A9?q=%C3%BC#%C3%B6"],
  ["/a/../b/./c", "/b/c"],
  [`/${"a".repeat(2047)}`],
];

async function nextApp(options: Partial<LoginManagerOptions<never>> = {}) {
  const app = express();
  const login = new LoginManager<never>({ secret: SECRET, userLoader: people().load as never, ...options });
  login.init(app);
  app.use(express.urlencoded(), express.json());
  app.all("/login", (req, res) => void res.send(safeNext(req, "/home")));
  app.use(loginRequired());
  return new Browser(await serve(app));
}

const query = (next: string) => `/login?next=${encodeURIComponent(next)}`;

describe("safeNext", () => {
  for (const [source, refused] of Object.entries(UNSAFE_URLS)) {
    it(`rejects ${source}`, async () => {
      const browser = await nextApp();
      for (const next of refused) {
        expect((await browser.get(query(next))).text, JSON.stringify(next)).to.equal("/home");
        const inBody = await browser.post("/login", { json: { next } });
        expect(inBody.text, `${JSON.stringify(next)} in the body`).to.equal("/home");
      }
    });
  }

  it("returns a path on this site, normalized and in ASCII", async () => {
    const browser = await nextApp();
    for (const [next, path = next] of ACCEPTED) {
      expect((await browser.get(query(next))).text, next).to.equal(path);
      expect((await browser.post("/login", { form: { next } })).text, `${next} in a form`).to.equal(path);
    }
  });

  it("returns the fallback if next is missing, repeated, not a string, not valid Unicode or too long", async () => {
    const browser = await nextApp();
    const queries = [
      "",
      "next=",
      "next=/a&next=//evil.com",
      "next=/a&next=/b",
      "next[a]=/b",
      `next=/${"a".repeat(2048)}`,
      `next=/${"a/../".repeat(500)}`,
    ];
    for (const search of [...queries, `next=/${"%C3%A9".repeat(1000)}`.replaceAll("%C3%A9", "\u00e9")]) {
      expect((await browser.get(`/login?${search}`)).text, search.slice(0, 30)).to.equal("/home");
    }
    for (const next of [["/a"], { a: 1 }, 1, true, null, "/\ud800"]) {
      expect((await browser.post("/login", { json: { next } })).text, JSON.stringify(next)).to.equal("/home");
    }
    expect(await withinRequest({}, (req) => safeNext(req))).to.equal("/");
  });

  it("prefers next in the query to next in the body, even if the query has an unsafe URL", async () => {
    const browser = await nextApp();
    expect((await browser.post(query("/query"), { form: { next: "/body" } })).text).to.equal("/query");
    expect((await browser.post("/login?next=//evil.com", { form: { next: "/body" } })).text).to.equal("/home");
  });

  it("never returns the login view or the refresh view", async () => {
    const browser = await nextApp({ loginView: "/login", refreshView: "https://app.example/confirm/" });
    for (const view of [
      "/login",
      "/login/",
      "/login//",
      "/LOGIN?a=1",
      "/%6cogin#x",
      "/a/../login",
      "/confirm",
      "/Confirm/",
    ]) {
      expect((await browser.get(query(view))).text, view).to.equal("/home");
    }
    for (const other of ["/logins", "/log/in", "/a%"]) {
      expect((await browser.get(query(other))).text, other).to.equal(other);
    }
  });

  it("accepts the path /undefined if no view is configured", async () => {
    expect((await (await nextApp()).get(query("/undefined"))).text).to.equal("/undefined");
  });

  it("never returns a view that comes from a map or a function", async () => {
    const loginView = { "/": "/sign-in", "/admin": "/admin/sign-in" };
    const browser = await nextApp({
      loginView,
      refreshView: ({ method }) => (method === "GET" ? "/confirm" : undefined),
    });
    for (const view of ["/sign-in", "/admin/sign-in", "/confirm"]) {
      expect((await browser.get(query(view))).text, view).to.equal("/home");
    }
    expect((await browser.post(query("/confirm"))).text).to.equal("/confirm");
  });

  it("returns the page from the cookie only once", async () => {
    const browser = await nextApp({ nextIn: "cookie", loginView: "/login" });
    expect((await browser.get("/reports?page=2")).location).to.equal("/login");
    expect((await browser.get("/login?next=/elsewhere")).text).to.equal("/reports?page=2");
    expect((await browser.get("/login")).text).to.equal("/home");
  });

  it("returns the fallback for a page that is too long for the cookie", async () => {
    const browser = await nextApp({ nextIn: "cookie", loginView: "/login" });
    const [long, longer] = [`/${"a".repeat(511)}`, `/${"a".repeat(512)}`];
    await browser.get(long);
    expect((await browser.get("/login")).text).to.equal(long);
    await browser.get(longer);
    expect((await browser.get("/login")).text).to.equal("/home");
  });

  it("adds no Vary header if the page is in the query", async () => {
    const browser = await nextApp();
    expect((await browser.get("/login?next=/a")).headers.get("vary")).to.equal(null);
  });
});

describe("loginUrl", () => {
  const cases: Array<[Parameters<typeof loginUrl>, string]> = [
    [["/login"], "/login"],
    [["/login", null], "/login"],
    [["/login", "/a?b=1&c=2"], "/login?next=%2Fa%3Fb%3D1%26c%3D2"],
    [["/login?lang=de", "/a"], "/login?lang=de&next=%2Fa"],
    [["/login?next=/old&lang=de", "/a"], "/login?next=%2Fa&lang=de"],
    [["/login?next=/1&next=/2", "/a"], "/login?next=%2Fa"],
    [["/login?next=/old"], "/login?next=/old"],
    [["/login#form", "/a"], "/login?next=%2Fa#form"],
    [["https://id.example/login", "/a"], "https://id.example/login?next=%2Fa"],
    [["https://id.example/login?x=1#form"], "https://id.example/login?x=1#form"],
    [["/login", "/a", "app.example:8443"], "//app.example:8443/login?next=%2Fa"],
    [["https://id.example/login", null, "app.example"], "https://app.example/login"],
    [["http://id.example:81/login?x=1", "/a", "app.example"], "http://app.example/login?x=1&next=%2Fa"],
  ];
  for (const [given, url] of cases) {
    it(`returns ${url} for ${given.map((part) => JSON.stringify(part)).join(", ")}`, () => {
      expect(loginUrl(...given)).to.equal(url);
    });
  }
});
