import { expect } from "chai";
import type { Express, Request, RequestHandler } from "express";
import { type CookieOptions, currentUser } from "latchkey";
import { inProduction } from "../support/production.js";
import { type RawAnswer, send } from "../support/raw-client.js";
import { serve } from "../support/server.js";
import { site } from "../support/site.js";
import { warningsOf } from "../support/warnings.js";
import { WatchedStore } from "../support/watched-store.js";

const HTTPS = { "x-forwarded-proto": "https" };
const WARNING = "LatchkeyCookieWarning";

type SiteOptions = Parameters<typeof site>[0];

/** The name, Domain and Path of each Set-Cookie of a response, and whether it is Secure. */
function cookiesOf({ headers }: RawAnswer) {
  return (headers["set-cookie"] ?? []).map((set) => ({
    name: set.slice(0, set.indexOf("=")),
    secure: /; Secure/.test(set),
    domain: /; Domain=([^;]*)/.exec(set)?.[1],
    path: /; Path=([^;]*)/.exec(set)?.[1],
  }));
}

async function visit(options: SiteOptions, { trust = false as unknown, production = false } = {}) {
  const store = options?.store ?? new WatchedStore();
  const make = () => site({ ...options, store });
  const at = production ? inProduction(make) : make();
  at.app.set("trust proxy", trust);
  return { ...at, store, origin: await serve(at.app) };
}

describe("every cookie", () => {
  for (const mode of ["persistent", "stateless"] as const) {
    for (const production of [false, true]) {
      it(`follows session.proxy and not trust proxy (${mode}, ${production ? "" : "not "}in production)`, async () => {
        const remember = { mode, refreshEachRequest: true };
        const at = await visit({ session: { proxy: true }, remember }, { production });
        const secured = async (line: string, given: object = {}) =>
          cookiesOf(await send(at.origin, line, { headers: HTTPS, ...given })).map(({ name, secure }) => [
            name,
            secure,
          ]);
        const prefix = production ? "__Host-" : "";
        const both = [`${prefix}remember`, `${prefix}sid`];
        const login = await send(at.origin, "POST /login/1", { headers: HTTPS, json: { remember: true } });
        expect(login.status).to.equal(200);
        expect(
          cookiesOf(login)
            .map(({ name, secure }) => [name, secure])
            .sort(),
        ).to.eql(both.map((one) => [one, true]));
        const { cookie } = login;
        const restored = cookie.split("; ").find((one) => one.includes("remember="))!;
        for (const [name, secure] of await secured("GET /me", { cookie: restored }))
          expect(secure, String(name)).to.equal(true);
        const removed = await secured("POST /logout", { cookie });
        expect(removed.sort()).to.eql(both.map((one) => [one, true]));

        const plain = await send(at.origin, "POST /login/1", { json: { remember: true } });
        expect(plain.status).to.equal(production ? 500 : 200);
        expect(cookiesOf(plain).map(({ secure }) => secure)).to.eql(production ? [] : [false, false]);
      });
    }

    it(`ignores the proxy if session.proxy is false, even if Express trusts the proxy (${mode})`, async () => {
      const at = await visit({ session: { proxy: false }, remember: { mode } }, { trust: true });
      const login = await send(at.origin, "POST /login/1", { headers: HTTPS, json: { remember: true } });
      expect(cookiesOf(login).map(({ secure }) => secure)).to.eql([false, false]);
    });
  }
});

describe("remember cookie attributes that are a function of the request", () => {
  const tenant = ({ hostname }: Request): CookieOptions => ({
    domain: hostname,
    path: hostname.startsWith("a") ? "/" : "/me",
  });

  for (const mode of ["persistent", "stateless"] as const) {
    it(`fit the request's host when the cookie is set, renewed and removed (${mode})`, async () => {
      const at = await visit({ remember: { mode, cookie: tenant, refreshEachRequest: true } });
      for (const [host, path] of [
        ["a.example", "/"],
        ["b.example", "/me"],
      ]) {
        const ask = (line: string, given: object = {}) => send(at.origin, line, { headers: { host: host! }, ...given });
        const placed = (answer: RawAnswer) =>
          cookiesOf(answer)
            .filter(({ name }) => name === "remember")
            .map((one) => [one.domain, one.path]);
        const login = await ask("POST /login/1", { json: { remember: true } });
        expect(placed(login)).to.eql([[host, path]]);
        const { cookie } = login;
        if (mode === "stateless") expect(placed(await ask("GET /public", { cookie }))).to.eql([[host, path]]);
        expect(
          placed(await ask("GET /me", { cookie: cookie.split("; ").find((one) => one.startsWith("remember="))! })),
        ).to.eql([[host, path]]);
        expect(placed(await ask("GET /me", { cookie: "remember=forged" }))).to.eql([[host, path]]);
        expect(placed(await ask("POST /logout", { cookie }))).to.eql([[host, path]]);
      }
    });
  }

  it("add no prefix to the cookie's name, and are checked on each request", async () => {
    const given: Record<string, unknown> = {
      "a.example": { secure: true },
      "b.example": { domain: "not a domain" },
      "c.example": { maxAge: "1h" },
      "d.example": { sameSite: "none", secure: false },
      "e.example": null,
    };
    const cookie = (req: Request) => given[req.hostname] as CookieOptions;
    const at = await visit({ remember: { cookie } }, { production: true, trust: true });
    expect(at.login.options.rememberCookie.name).to.equal("remember");
    expect(at.login.policy().cookies.remember.name).to.equal("remember");
    const failures: Error[] = [];
    at.app.use(((error, _req, res, _next) => {
      failures.push(error);
      res.sendStatus(error.status);
    }) as import("express").ErrorRequestHandler);
    for (const [host, status] of Object.keys(given).map((name, n) => [name, n === 0 ? 200 : 500] as const)) {
      const headers = { ...HTTPS, host };
      const answer = await send(at.origin, "POST /login/1", { headers, json: { remember: true } });
      expect(answer.status, host).to.equal(status);
    }
    expect(failures.map(({ message }) => message.slice(0, message.indexOf(":")))).to.eql([
      "remember.cookie.domain",
      "remember.cookie.maxAge",
      "remember.cookie.sameSite",
      "remember.cookie",
    ]);
  });
});

describe("in production behind an HTTPS proxy, without trust proxy", () => {
  const uses: Record<string, RequestHandler> = {
    "stores a CSRF token": (req, res) => {
      req.session.note = "token";
      res.send("form");
    },
    "stores a CSRF token and reads the user": (req, res, next) => {
      req.session.note = "token";
      currentUser().then(() => res.send("form"), next);
    },
    streams: (req, res) => {
      req.session.note = "token";
      res.write("fo");
      res.end("rm");
    },
    redirects: (req, res) => {
      req.session.note = "state";
      res.redirect("/elsewhere");
    },
  };

  for (const [use, handler] of Object.entries(uses)) {
    it(`a page that ${use} creates no session and no cookie, and one warning names trust proxy`, async () => {
      const at = await visit({}, { production: true });
      at.app.get("/form", handler);
      const warnings = await warningsOf(WARNING, async () => {
        for (let time = 0; time < 5; time++) {
          const { status, headers } = await send(at.origin, "GET /form");
          expect([status, headers["set-cookie"]]).to.eql([use === "redirects" ? 302 : 200, undefined]);
        }
      });
      expect(at.store.calls).to.eql([]);
      expect(warnings).to.have.lengthOf(1);
      expect(warnings[0]).to.include("trust proxy").and.include("__Host-sid").and.include("is lost");
      const mended = await send(await trusting(at.app), "GET /form", { headers: HTTPS });
      expect([mended.cookie.slice(0, 11), at.store.calls]).to.eql(["__Host-sid=", ["create"]]);
    });
  }

  async function trusting(app: Express): Promise<string> {
    app.set("trust proxy", true);
    return serve(app);
  }

  it("saveUninitialized creates no session, and causes one warning", async () => {
    const at = await visit({ session: { saveUninitialized: true } }, { production: true });
    const warnings = await warningsOf(WARNING, () => send(at.origin, "GET /public"));
    expect([at.store.calls, warnings.length]).to.eql([[], 1]);
  });

  it("an explicit save fails with an error that names trust proxy", async () => {
    const at = await visit({}, { production: true });
    const failures: Error[] = [];
    at.app.get("/save", (req, res, next) => {
      req.session.note = "state";
      req.session.save().then(() => res.send("saved"), next);
    });
    at.app.use(((error, _req, res, _next) => {
      failures.push(error);
      res.sendStatus(error.status);
    }) as import("express").ErrorRequestHandler);
    const warnings = await warningsOf(WARNING, async () => {
      expect((await send(at.origin, "GET /save")).status).to.equal(500);
    });
    expect(failures[0]).to.have.property("code", "insecure_connection");
    expect(failures[0]!.message).to.include("trust proxy");
    expect(at.store.calls).to.eql([]);
    expect(warnings).to.have.lengthOf(1);
  });

  for (const mode of ["persistent", "stateless"] as const) {
    it(`a remembered login works on each request, and creates no session (${mode})`, async () => {
      const at = await visit({ remember: { mode } }, { production: true });
      const origin = await trusting(at.app);
      const login = await send(origin, "POST /login/1", { headers: HTTPS, json: { remember: true } });
      const cookie = login.cookie.split("; ").find((one) => one.startsWith("__Host-remember="))!;
      at.app.set("trust proxy", false);
      at.store.calls = [];
      const warnings = await warningsOf(WARNING, async () => {
        for (let time = 0; time < 3; time++) {
          const { status, headers } = await send(origin, "GET /me", { cookie });
          expect([status, headers["set-cookie"]]).to.eql([200, undefined]);
        }
      });
      expect(at.store.calls.filter((verb) => verb === "create")).to.eql([]);
      expect(warnings).to.have.lengthOf(1);
    });
  }

  it("an existing session is still updated", async () => {
    const at = await visit({}, { production: true });
    const origin = await trusting(at.app);
    const { cookie } = await send(origin, "POST /note/a", { headers: HTTPS });
    at.app.set("trust proxy", false);
    const warnings = await warningsOf(WARNING, async () => {
      expect((await send(origin, "POST /note/b", { cookie })).status).to.equal(200);
      expect((await send(origin, "GET /note", { cookie })).text).to.equal('"b"');
    });
    expect(warnings).to.eql([]);
  });

  it("no warning is emitted if the cookie need not be Secure or no session is used", async () => {
    const warnings = await warningsOf(WARNING, async () => {
      const at = await visit({}, { production: true });
      await send(at.origin, "GET /public");
      await send(at.origin, "GET /note");
      const lax = await visit({ session: { cookie: { secure: "auto" } } }, { production: true });
      expect((await send(lax.origin, "POST /note/a")).cookie).to.match(/^sid=/);
    });
    expect(warnings).to.eql([]);
  });
});
