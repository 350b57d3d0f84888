import { expect } from "chai";
import { encodeCookie, flash, LoginManager, takeFlashes } from "latchkey";
import sinon from "sinon";
import { flashSite, Reader } from "../support/flash-site.js";
import { SECRET } from "../support/people.js";
import { inProduction } from "../support/production.js";
import { send } from "../support/raw-client.js";
import { warningsOf } from "../support/warnings.js";

/** Flashes a message, and returns the `Set-Cookie` header without its value and its date. */
async function setBy(
  options: Parameters<typeof flashSite>[0],
  headers: Record<string, string> = {},
): Promise<string | undefined> {
  const { origin } = await flashSite(options);
  const { headers: answered } = await send(origin, "GET /flash?message=Hello", { headers });
  return answered["set-cookie"]?.[0]?.replace(/=[^;]*/, "").replace(/; Expires=[^;]*/, "");
}

describe("the flash cookie", () => {
  afterEach(() => sinon.restore());

  it("has the attributes of the session cookie and expires after ten minutes", async () => {
    expect(await setBy({})).to.equal("flash; Max-Age=600; Path=/; HttpOnly; SameSite=Lax");
    const cookie = { path: "/app", domain: "example.com", sameSite: "strict", httpOnly: false, maxAge: "1h" } as const;
    expect(await setBy({ session: { cookie: { ...cookie, priority: "high" } } })).to.equal(
      "flash; Max-Age=600; Domain=example.com; Path=/app; HttpOnly; Priority=High; SameSite=Strict",
    );
    expect(await setBy({ session: { name: "shop" } })).to.match(/^shop-flash; /);
    const secure = { secure: true, sameSite: "none", partitioned: true } as const;
    expect(await setBy({ session: { cookie: secure, proxy: true } }, { "x-forwarded-proto": "https" })).to.equal(
      "__Host-flash; Max-Age=600; Path=/; HttpOnly; Secure; Partitioned; SameSite=None",
    );
  });

  it("uses attributes that depend on the request", async () => {
    const cookie = (req: { headers: Record<string, unknown> }) => ({ path: `/${String(req.headers["x-tenant"])}` });
    const set = await setBy({ session: { cookie: cookie as never } }, { "x-tenant": "one" });
    expect(set).to.equal("flash; Max-Age=600; Path=/one; HttpOnly; SameSite=Lax");
  });

  it("is Secure with the prefix __Host- in production, and is not set over plain HTTP", async () => {
    const proxied = { session: { proxy: true } };
    const https = { "x-forwarded-proto": "https" };
    expect(await inProduction(() => setBy(proxied, https))).to.match(/^__Host-flash; .*; Secure; /);
    const warnings = await warningsOf("LatchkeyCookieWarning", async () => {
      const { origin } = await inProduction(() => flashSite(proxied));
      for (let time = 0; time < 3; time++)
        expect((await send(origin, "GET /flash?message=Hello")).headers["set-cookie"]).to.equal(undefined);
    });
    expect(warnings).to.have.lengthOf(1);
    expect(warnings[0]).to.include("trust proxy").and.include("__Host-flash");
  });

  it("cannot share its name with the remember cookie", () => {
    const userLoader = () => null;
    const named = (name: string) => new LoginManager({ secret: SECRET, userLoader, remember: { name } });
    expect(() => named("flash")).to.throw("remember.name: flash is also the name of the flash cookie");
  });

  it("holds at most 1 kB: drops the oldest messages first, and cuts a message that is too long", async () => {
    const { browser } = await flashSite();
    const texts = Array.from({ length: 30 }, (_, n) => `${n}: ${"x".repeat(97)}`);
    await browser.flash(...texts);
    expect((await browser.cookie("flash"))!.length).to.be.at.most(1024);
    const kept = await browser.texts();
    expect(kept.length).to.be.within(4, 7);
    expect(kept).to.eql(texts.slice(-kept.length));

    for (const text of ["x".repeat(5000), "😀".repeat(500), '"\\\n'.repeat(900), "\u0001".repeat(700)]) {
      await browser.flash("Older", text);
      expect((await browser.cookie("flash"))!.length).to.be.within(950, 1024);
      const [cut, ...others] = await browser.texts();
      expect(others).to.eql([]);
      expect(cut).to.match(/^.{60,}…$/su);
      expect(text.startsWith(cut!.slice(0, -1))).to.equal(true);
    }
  });

  it("accepts 20,000 messages or a huge message, and drops a message with a huge category", async () => {
    const { browser } = await flashSite({}, (app) => {
      app.get("/many", (req, res) => {
        for (let n = 0; n < 20_000; n++) flash(req, `${n}`);
        res.send("flashed");
      });
      app.get("/huge", (req, res) => res.send(String(flash(req, "x".repeat(5_000_000)))));
      app.get("/huge-category", (req, res) => res.send(String(flash(req, "x", "y".repeat(5_000_000)))));
    });
    await browser.get("/many");
    expect((await browser.texts()).at(-1)).to.equal("19999");
    await browser.get("/huge");
    expect((await browser.texts())[0]).to.match(/^x{600,}…$/);
    await browser.get("/huge-category");
    expect(await browser.texts()).to.eql([]);
  });

  it("keeps the requested page even if a message is long", async () => {
    const { browser } = await flashSite({ nextIn: "cookie" });
    await browser.flash("x".repeat(600));
    const page = `/guarded?${"y".repeat(500)}`;
    await browser.get(page);
    expect((await browser.cookie("flash"))!.length).to.be.at.most(1024);
    expect((await browser.get("/next")).json()).to.equal(page);
    expect((await browser.get("/next")).json()).to.equal("/fallback");
  });

  it("is valid for ten minutes", async () => {
    const clock = sinon.useFakeTimers({ now: Date.now(), toFake: ["Date"] });
    const { browser, origin } = await flashSite({ nextIn: "cookie" });
    await browser.get("/guarded");
    const cookie = `flash=${await browser.cookie("flash")}`;
    clock.tick("10:00");
    expect(JSON.parse((await send(origin, "GET /take", { cookie })).text)).to.have.lengthOf(1);
    expect(JSON.parse((await send(origin, "GET /next", { cookie })).text)).to.equal("/guarded");
    clock.tick(1);
    for (const line of ["GET /take", "GET /next"]) {
      const { text, headers } = await send(origin, line, { cookie });
      expect(JSON.parse(text)).to.eql(line === "GET /take" ? [] : "/fallback");
      expect(headers["set-cookie"]?.[0]).to.match(/^flash=; Path=\/; Expires=Thu, 01 Jan 1970/);
    }
  });

  it("is ignored if it is forged, sent twice or too long, and is removed when it is first read", async () => {
    const { origin, browser } = await flashSite();
    const other = await flashSite({ secret: "another secret, of 32 characters or more" });
    await browser.flash("Hello");
    await other.browser.flash("Forged");
    const [good, foreign] = [(await browser.cookie("flash"))!, (await other.browser.cookie("flash"))!];
    const [payload, signature] = good.split(".") as [string, string];
    const content = JSON.stringify([null, Date.now(), [["Forged", "message", 0]], null]);
    const bad = {
      "signed with another secret": foreign,
      "signed for another purpose": encodeCookie(content, SECRET),
      "without a signature": payload,
      "with the signature of another cookie": `${Buffer.from(content).toString("base64url")}.${signature}`,
      "with extra text at the end": `${good}.x`,
      "too long": `${good.slice(0, -43)}${"A".repeat(1024)}`,
      "quoted and signed": `"${good}"`,
      empty: "",
      "sent twice": `${good}; flash=${good}`,
      "sent twice, once forged": `${foreign}; flash=${good}`,
    };
    for (const [what, value] of Object.entries(bad)) {
      const { text, headers, status } = await send(origin, "GET /take", { cookie: `flash=${value}` });
      expect([status, text], what).to.eql([200, "[]"]);
      const removals = headers["set-cookie"]!;
      for (const one of removals) expect(one, what).to.match(/^flash=; .*Expires=Thu, 01 Jan 1970/);
      expect(removals.at(-1), what).to.include("Path=/;");
      // A cookie that arrives twice is removed from each domain and path where the browser may store it.
      if (!what.startsWith("sent twice")) expect(removals, what).to.have.lengthOf(1);
      expect(headers["cache-control"], what).to.equal("private, no-store");
      const { headers: untouched } = await send(origin, "GET /public", { cookie: `flash=${value}` });
      expect(untouched["set-cookie"], "if no handler reads it").to.equal(undefined);
    }
    expect((await send(origin, "GET /take", { cookie: `flash=${good}` })).text).to.include("Hello");
  });

  it("survives a rotation of secrets, and is signed with the first secret", async () => {
    const [OLD, NEW] = [
      "the old secret, of 32 characters or more",
      "the new secret, of 32 characters or more",
    ] as const;
    const before = await flashSite({ secret: OLD });
    await before.browser.flash("One");
    const during = await flashSite({ secret: [NEW, OLD] });
    const between = new Reader(during.origin);
    await between.setCookie("flash", (await before.browser.cookie("flash"))!);
    await between.flash("Two");
    const after = new Reader((await flashSite({ secret: NEW })).origin);
    await after.setCookie("flash", (await between.cookie("flash"))!);
    expect(await after.texts()).to.eql(["One", "Two"]);
    await after.setCookie("flash", (await before.browser.cookie("flash"))!);
    expect(await after.texts(), "signed with a removed secret").to.eql([]);
  });

  it("creates no session", async () => {
    const { browser, store } = await flashSite();
    await browser.flash("Hello");
    await browser.texts();
    await browser.get("/guarded");
    expect(store.calls).to.eql([]);
    expect(await browser.cookie("sid")).to.equal(undefined);
  });

  const answers: Record<string, [what: string, vary: string | null, caching: string | null]> = {
    "/public": ["no message is read", null, null],
    "/look": ["there is no message to take", "Cookie", "public, max-age=600"],
    "/set": ["a message is set", "Cookie", "private, no-store"],
    "/streamed": ["a message is set before the response is streamed", "Cookie", "private, no-store"],
    "/within": ["a message is set and taken", "Cookie", "private, no-store"],
    "/never": ["the handler sets no-store", "Cookie", "no-store"],
  };
  for (const [path, [what, vary, caching]] of Object.entries(answers)) {
    it(`comes with the right caching headers if ${what}`, async () => {
      const { browser } = await flashSite({}, (app) => {
        app.use((req, res, next) => {
          if (req.path !== "/public") res.set("Cache-Control", "public, max-age=600");
          next();
        });
        app.get("/look", (req, res) => void res.json(takeFlashes(req)));
        app.get("/set", (req, res) => void res.send(String(flash(req, "Hello"))));
        app.get("/streamed", (req, res) => {
          flash(req, "Hello");
          res.writeHead(200, { "Cache-Control": "public" }).write("a");
          res.end("b");
        });
        app.get("/within", (req, res) => {
          flash(req, "Hello");
          res.json(takeFlashes(req));
        });
        app.get("/never", (req, res) => {
          flash(req, "Hello");
          res.set("Cache-Control", "no-store").send("set");
        });
      });
      const { headers } = await browser.get(path);
      expect([headers.get("vary"), headers.get("cache-control")]).to.eql([vary, caching]);
      if (!["/set", "/streamed", "/never"].includes(path)) return;
      const taken = await browser.get("/look");
      expect(taken.json()).to.eql([{ message: "Hello", category: "message" }]);
      expect(taken.headers.get("cache-control")).to.equal("private, no-store");
      expect((await browser.get("/look")).headers.get("cache-control")).to.equal("public, max-age=600");
    });
  }
});
