import { expect } from "chai";
import type { Express } from "express";
import { both, either, type Kind, middleware, type Options, setCookie, siteOf } from "./middlewares.js";

const HTTPS = { "x-forwarded-proto": "https" };

/** Returns whether a request with these headers gets a secure or an insecure cookie; undefined if it gets none. */
async function answered(kind: Kind, options: Options, headers: Record<string, string>, trust = false) {
  const at = await siteOf(kind, options, undefined, (app: Express) => app.set("trust proxy", trust));
  const cookie = setCookie(await at.visit(undefined, "GET /", headers));
  return cookie && (cookie.attributes.secure ? "secure" : "insecure");
}

const strict: Options = { cookie: { secure: true, maxAge: 5 } };
const auto: Options = { cookie: { secure: "auto", maxAge: 5 } };

describe("express-session's contract: behind a proxy", () => {
  both("proxy: true trusts X-Forwarded-Proto", async (kind) => {
    expect(await answered(kind, { ...strict, proxy: true }, HTTPS)).to.equal("secure");
  });

  both("proxy: true trusts the first value of a list", async (kind) => {
    const listed = (list: string) => answered(kind, { ...strict, proxy: true }, { "x-forwarded-proto": list });
    expect([await listed("https,http"), await listed("http,https")]).to.eql(["secure", undefined]);
  });

  both("proxy: true sets no secure cookie without the header", async (kind) => {
    expect(await answered(kind, { ...strict, proxy: true }, {})).to.equal(undefined);
  });

  both("proxy: false does not trust X-Forwarded-Proto", async (kind) => {
    expect(await answered(kind, { ...strict, proxy: false }, HTTPS)).to.equal(undefined);
  });

  both("proxy: false ignores req.secure", async (kind) => {
    expect(await answered(kind, { ...strict, proxy: false }, HTTPS, true)).to.equal(undefined);
  });

  both("without proxy, X-Forwarded-Proto is not trusted", async (kind) => {
    expect(await answered(kind, strict, HTTPS)).to.equal(undefined);
  });

  both("without proxy, req.secure is used", async (kind) => {
    expect(await answered(kind, strict, HTTPS, true)).to.equal("secure");
  });

  both("secure: auto sets Secure for HTTPS with proxy: true", async (kind) => {
    expect(await answered(kind, { ...auto, proxy: true }, HTTPS)).to.equal("secure");
  });

  both("secure: auto does not set Secure with proxy: false", async (kind) => {
    expect(await answered(kind, { ...auto, proxy: false }, HTTPS)).to.equal("insecure");
  });

  both("secure: auto follows req.secure without proxy", async (kind) => {
    expect([await answered(kind, auto, HTTPS, true), await answered(kind, auto, {}, true)]).to.eql([
      "secure",
      "insecure",
    ]);
  });

  both("a secure cookie is not set over HTTP", async (kind) => {
    expect(await answered(kind, { cookie: { secure: true } }, {})).to.equal(undefined);
  });

  both("sameSite: auto exists only in express-session", async (kind) => {
    const options = { cookie: { sameSite: "auto", secure: "auto" } } as never;
    if (kind === "latchkey") {
      expect(() => middleware(kind, options)).to.throw(/sameSite/);
    } else {
      expect(await answered(kind, options, {})).to.equal("insecure");
    }
  });

  both("sameSite accepts names, and a boolean only in express-session", async (kind) => {
    const site = async (sameSite: unknown) => {
      const at = await siteOf(kind, { cookie: { sameSite } } as never);
      return setCookie(await at.visit())!.attributes.samesite;
    };
    expect([await site("lax"), await site("strict")]).to.eql(["Lax", "Strict"]);
    const given = await site(true).catch((error: Error) => error.name);
    expect(given).to.equal(either(kind, "Strict", "OptionError"));
  });
});
