import { expect } from "chai";
import type { Express } from "express";
import type { CookieOptions, LoginManager } from "latchkey";
import { CookieJar } from "tough-cookie";
import { expressVersions } from "../support/express.js";
import type { Person } from "../support/people.js";
import { inProduction } from "../support/production.js";
import { send } from "../support/raw-client.js";
import { serve } from "../support/server.js";
import { site } from "../support/site.js";
import { warningsOf } from "../support/warnings.js";
import { WatchedStore } from "../support/watched-store.js";

const HOST = "app.example.com";
const WARNING = "LatchkeyCookieWarning";

/** The cookie attributes in one deployment and in the next one. */
const changes: Record<string, [CookieOptions, CookieOptions]> = {
  "an added domain": [{}, { domain: "example.com" }],
  "a removed domain": [{ domain: "example.com" }, {}],
  "a narrower domain": [{ domain: "example.com" }, { domain: HOST }],
  "a wider domain": [{ domain: HOST }, { domain: "example.com" }],
  "an added path": [{}, { path: "/app" }],
  "a removed path": [{ path: "/app" }, {}],
  "a removed slash": [{ path: "/app/" }, { path: "/app" }],
  "a changed domain and path": [{ path: "/app" }, { domain: "example.com" }],
};

/** A browser that visits the site by its host name. */
class Visitor {
  jar = new CookieJar();

  constructor(public origin: string) {}

  async ask(line: string, json?: object) {
    const [method, path] = line.split(" ") as [string, string];
    const url = `http://${HOST}/app${path}`;
    const cookie = await this.jar.getCookieString(url);
    const answer = await send(this.origin, `${method} /app${path}`, { cookie, json, headers: { host: HOST } });
    for (const set of answer.headers["set-cookie"] ?? []) await this.jar.setCookie(set, url);
    return answer;
  }

  async count(name: string): Promise<number> {
    return (await this.jar.getCookies(`http://${HOST}/app/x`)).filter(({ key }) => key === name).length;
  }

  /** Restarts the browser, which deletes the cookies without an expiry date. */
  async restart(): Promise<void> {
    const kept = (await this.jar.getCookies(`http://${HOST}/app/x`)).filter(({ maxAge }) => maxAge !== null);
    this.jar = new CookieJar();
    for (const cookie of kept) await this.jar.setCookie(cookie, `http://${HOST}/app/x`);
  }
}

/** A deployment of the site under /app, and the events that it emits. */
async function deploy(
  cookie: CookieOptions,
  store: WatchedStore,
  mode: "persistent" | "stateless",
  { make = undefined as (() => Express) | undefined, maxAge = undefined as string | undefined } = {},
) {
  const mount = (login: LoginManager<Person>, app: Express) => {
    app.use((req, _res, next) => {
      req.url = req.url.replace(/^\/app/, "");
      next();
    });
    login.init(app);
  };
  const at = site({ store, session: { cookie: { ...cookie, maxAge } }, remember: { mode, cookie } }, mount, make);
  const events: string[] = [];
  at.login.on("cookieDoubled", ({ name }) => events.push(name));
  at.login.on("rememberTokenStale", () => events.push("stale"));
  at.login.on("rememberTokenStolen", () => events.push("stolen"));
  return { ...at, origin: await serve(at.app), events };
}

/** Logs in before and after a deployment, so that the browser has both cookies twice. */
async function logInBeforeAndAfter(visitor: Visitor, origin: string): Promise<void> {
  await visitor.ask("POST /login/1", { remember: true });
  visitor.origin = origin;
  await visitor.ask("POST /login/1", { remember: true });
  expect([await visitor.count("sid"), await visitor.count("remember")]).to.eql([2, 2]);
}

describe("a cookie that a browser sends twice", () => {
  for (const mode of ["persistent", "stateless"] as const) {
    for (const [change, [before, after]] of Object.entries(changes)) {
      it(`after ${change}: both session cookies are removed, and the next login works (${mode})`, async () => {
        const store = new WatchedStore();
        const [old, now] = [await deploy(before, store, mode), await deploy(after, store, mode)];
        const visitor = new Visitor(old.origin);
        const warnings = await warningsOf(WARNING, async () => {
          await visitor.ask("POST /login/1");
          visitor.origin = now.origin;
          expect((await visitor.ask("GET /me")).status, "the old cookie is valid").to.equal(200);
          await visitor.ask("POST /confirm");
          expect(await visitor.count("sid")).to.equal(2);
          const refused = await visitor.ask("GET /me");
          expect([refused.status, await visitor.count("sid")]).to.eql([401, 0]);
          expect(refused.headers["cache-control"]).to.equal("no-store");
          await visitor.ask("POST /login/1");
          for (let time = 0; time < 3; time++) expect((await visitor.ask("GET /me")).status).to.equal(200);
          expect(await visitor.count("sid")).to.equal(1);
        });
        expect(now.events).to.eql(["sid"]);
        expect(warnings).to.have.lengthOf(1);
        expect(warnings[0]).to.include("sid").and.include("domain or path").and.include("also change its name");
      });

      it(`after ${change}: a login removes the old cookies and leaves its own (${mode})`, async () => {
        const store = new WatchedStore();
        const [old, now] = [await deploy(before, store, mode), await deploy(after, store, mode)];
        const visitor = new Visitor(old.origin);
        await warningsOf(WARNING, async () => {
          await logInBeforeAndAfter(visitor, now.origin);
          await visitor.ask("POST /login/2", { remember: true });
          expect([await visitor.count("sid"), await visitor.count("remember")]).to.eql([1, 1]);
          expect(JSON.parse((await visitor.ask("GET /me")).text)).to.include({ name: "Bob" });
          await visitor.restart();
          expect(JSON.parse((await visitor.ask("GET /me")).text)).to.include({ name: "Bob", remembered: true });
          expect(now.events.sort()).to.eql(["remember", "sid"]);
        });
      });

      it(`after ${change}: both remember cookies are removed without a theft alarm (${mode})`, async () => {
        const store = new WatchedStore();
        const [old, now] = [await deploy(before, store, mode), await deploy(after, store, mode)];
        const visitor = new Visitor(old.origin);
        await warningsOf(WARNING, async () => {
          await visitor.ask("POST /login/1", { remember: true });
          visitor.origin = now.origin;
          await visitor.restart();
          expect((await visitor.ask("GET /me")).status).to.equal(200);
          if (mode === "stateless") await visitor.ask("POST /login/1", { remember: true });
          await visitor.restart();
          expect(await visitor.count("remember")).to.equal(2);
          expect((await visitor.ask("GET /me")).status).to.equal(401);
          expect(await visitor.count("remember")).to.equal(0);
          await visitor.ask("POST /login/1", { remember: true });
          for (let time = 0; time < 3; time++) {
            await visitor.restart();
            expect((await visitor.ask("GET /me")).status).to.equal(200);
          }
        });
        expect(now.events).to.eql(["remember"]);
      });
    }
  }

  for (const { name, express } of expressVersions) {
    for (const [change, [before, after]] of Object.entries(changes)) {
      it(`after ${change}: a login removes every old cookie that has a lifetime (${name})`, async () => {
        const store = new WatchedStore();
        const versions = { make: express, maxAge: "1h" };
        const old = await deploy(before, store, "persistent", versions);
        const now = await deploy(after, store, "persistent", versions);
        const visitor = new Visitor(old.origin);
        await warningsOf(WARNING, async () => {
          await logInBeforeAndAfter(visitor, now.origin);
          await visitor.ask("POST /login/1", { remember: true });
          expect([await visitor.count("sid"), await visitor.count("remember")]).to.eql([1, 1]);
          expect((await visitor.ask("GET /me")).status).to.equal(200);
        });
      });
    }
  }

  it("causes one warning, and an event each time", async () => {
    const { app, login } = site();
    const events: string[] = [];
    login.on("cookieDoubled", ({ name, req }) => events.push(`${name} ${req.path}`));
    const origin = await serve(app);
    const warnings = await warningsOf(WARNING, async () => {
      for (let time = 0; time < 3; time++) await send(origin, "GET /me", { cookie: "sid=a; sid=b" });
      await send(origin, "GET /note", { cookie: "sid=a; sid=b; remember=a; remember=b" });
    });
    expect(warnings).to.have.lengthOf(1);
    expect(events).to.eql(["sid /me", "sid /me", "sid /me", "sid /note"]);
  });

  it("is not removed by a response that does not depend on it and may be cached", async () => {
    const origin = await serve(site().app);
    const { headers } = await send(origin, "GET /public", { cookie: "sid=a; sid=b; remember=a; remember=b" });
    expect([headers["set-cookie"], headers["cache-control"]]).to.eql([undefined, undefined]);
  });

  it("is removed with less than 2,500 bytes of headers, for any host and path", async () => {
    const at = site({ session: { cookie: { domain: "example.com", path: "/a" } } });
    at.app.use((req, res) => void res.json(req.session?.note ?? null));
    const origin = await serve(at.app);
    await warningsOf(WARNING, async () => {
      for (const host of ["a.b.c.d.e.f.example.com", "localhost", "127.0.0.1:1", "[::1]", "x;y", "example.com"]) {
        for (const path of ["/a/b/c/d/e", `/a${"/long".repeat(100)}`, "/a;b", "/a%3b", "//a", "/a?q=1;2"]) {
          const { status, headers } = await send(origin, `GET ${path}`, { cookie: "sid=a; sid=b", headers: { host } });
          const set = headers["set-cookie"] ?? [];
          expect(status, `${host} ${path}`).to.be.below(500);
          expect(Buffer.byteLength(set.join("")), `${host} ${path}`).to.be.below(2500);
          for (const one of set)
            expect(one).to.match(/^sid=; (Domain=[a-z.]+; )?Path=\/[\w%/]*; Expires=Thu, 01 Jan 1970 /);
        }
      }
    });
  });

  it("is removed with and without Partitioned if its name starts with __Host-", async () => {
    const at = inProduction(() => site());
    at.app.set("trust proxy", true);
    const origin = await serve(at.app);
    const headers = { "x-forwarded-proto": "https", host: HOST };
    await warningsOf(WARNING, async () => {
      const answer = await send(origin, "GET /me", { cookie: "__Host-sid=a; __Host-sid=b", headers });
      const set = answer.headers["set-cookie"]!;
      expect(set.map((one) => [one.includes("Partitioned"), one.includes("Path=/; "), /; Secure/.test(one)])).to.eql([
        [true, true, true],
        [false, true, true],
      ]);
    });
  });
});
