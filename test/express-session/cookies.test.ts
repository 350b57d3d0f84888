import { expect } from "chai";
import type { Request } from "express";
import expressSession from "express-session";
import sinon from "sinon";
import { both, either, expiryOf, type Kind, middleware, type Options, setCookie, siteOf } from "./middlewares.js";

/** The types of express-session lack the options of this constructor. */
const TheirCookie = expressSession.Cookie as unknown as new (options: unknown) => expressSession.Cookie;
const START = Date.UTC(2030, 0);

/** The attributes of the cookie that a response to this path sets; undefined if it sets no cookie. */
async function attributes(kind: Kind, options: Options, change: (req: Request) => void = () => {}, path = "/") {
  const at = await siteOf(kind, options, (req, res) => {
    change(req);
    res.end();
  });
  return setCookie(await at.visit(undefined, `GET ${path}`, { "x-forwarded-proto": "https" }))?.attributes;
}

/** Some properties of `session.cookie` in the handler of a first request. */
async function look(kind: Kind, cookie: Options["cookie"]): Promise<Record<string, unknown>> {
  let seen: Record<string, unknown> = {};
  await attributes(kind, { cookie }, ({ session }) => {
    const { expires, maxAge, httpOnly, path, secure } = session.cookie;
    seen = { expires, maxAge, httpOnly, path, secure, type: typeof session.cookie };
  });
  return seen;
}

describe("express-session's contract: the session cookie", () => {
  beforeEach(() => {
    sinon.useFakeTimers({ now: START, toFake: ["Date"] });
  });
  afterEach(() => sinon.restore());

  both("is an object with defaults", async (kind) => {
    const secure = either<unknown>(kind, undefined, false);
    const expected = { expires: null, maxAge: null, httpOnly: true, path: "/", secure, type: "object" };
    expect(await look(kind, {})).to.eql(expected);
  });

  both("has the values of the options", async (kind) => {
    expect(await look(kind, { httpOnly: false, path: "/" })).to.include({ httpOnly: false, path: "/" });
    expect(await look(kind, { maxAge: 2_000 })).to.deep.include({ maxAge: 2_000, expires: new Date(START + 2_000) });
  });

  both("has the path of the options", async (kind) => {
    expect(await attributes(kind, { cookie: { path: "/foo" } }, undefined, "/foo")).to.include({ path: "/foo" });
  });

  both("accepts an expiry date in the options only in express-session", async (kind) => {
    const options = { cookie: { expires: new Date(START + 5_000) } } as Options;
    const given = await attributes(kind, options).catch((error: Error) => error.name);
    if (kind === "latchkey") expect(given).to.equal("OptionError");
    else expect(given).to.have.property("expires", new Date(START + 5_000).toUTCString());
  });

  both("rejects options that are not an object or a function", (kind) => {
    for (const cookie of [42, "foo", true]) {
      const make = () => (kind === "latchkey" ? middleware(kind, { cookie } as never) : new TheirCookie(cookie));
      expect(make, String(cookie)).to.throw(/cookie|options/);
    }
    const make = () => new TheirCookie(() => {});
    expect(make).to.throw(/options/);
  });

  both("ignores unknown options in express-session, and rejects them in latchkey", (kind) => {
    for (const [option, value] of Object.entries({ data: { foo: "bar" }, originalMaxAge: 1_000 })) {
      const options = { cookie: { path: "/foo", [option]: value } } as never;
      if (kind === "latchkey") expect(() => middleware(kind, options), option).to.throw(new RegExp(option));
      else expect(() => middleware(kind, options), option).not.to.throw();
    }
  });

  both("accepts a Date as maxAge in the options only in express-session", async (kind) => {
    const end = new Date(START + 5_000);
    const change = ({ session }: Request) => {
      session.cookie.maxAge = end as never;
    };
    expect(await attributes(kind, {}, change)).to.have.property("expires", end.toUTCString());
    const given = await attributes(kind, { cookie: { maxAge: end } } as never).catch((error: Error) => error.name);
    if (kind === "latchkey") expect(given).to.equal("OptionError");
    else expect(given).to.have.property("expires", end.toUTCString());
  });

  both("rejects a maxAge of a wrong type", (kind) => {
    for (const maxAge of ["42 apples", true, () => {}]) {
      const make = () =>
        kind === "latchkey" ? middleware(kind, { cookie: { maxAge } } as never) : new TheirCookie({ maxAge });
      expect(make, String(maxAge)).to.throw(/maxAge/);
    }
  });

  both("is sent with the changes of a handler", async (kind) => {
    const sent = await attributes(kind, { proxy: true }, ({ session }) => {
      session.cookie.httpOnly = false;
      session.cookie.secure = true;
    });
    expect(sent).to.include({ secure: true }).and.not.have.property("httponly");
  });

  both("lasts until the browser closes by default", async (kind) => {
    const sent = await attributes(kind, { cookie: { path: "/admin" } }, undefined, "/admin");
    expect(sent).to.include({ path: "/admin" }).and.not.have.property("expires");
  });

  both("is sent only once if it lasts until the browser closes", async (kind) => {
    const at = await siteOf(kind, { cookie: { path: "/admin" } });
    const first = await at.visit(undefined, "GET /admin/foo");
    expect(setCookie(first)).not.to.equal(undefined);
    expect(setCookie(await at.visit(first.cookie, "GET /admin"))).to.equal(undefined);
  });

  both("has all attributes of the options, except those that a handler changes", async (kind) => {
    const cookie = { httpOnly: false, maxAge: 5_000, path: "/admin", priority: "high", secure: true } as const;
    const change = ({ session }: Request) => {
      session.cookie.secure = false;
    };
    const sent = await attributes(kind, { cookie }, change, "/admin");
    expect(sent).to.include({ path: "/admin", priority: "High", expires: new Date(START + 5_000).toUTCString() });
    expect(sent).to.not.have.any.keys("secure", "httponly");
  });

  both("causes an error if it is invalid, which replaces the response only in latchkey", async (kind) => {
    const at = await siteOf(kind, {}, ({ session }, res) => {
      session.cookie.domain = "no\ndomain"; // Express 4.21.0 would accept a semicolon
      res.end("answered");
    });
    const { status } = await at.visit();
    expect([status, at.errors.length]).to.eql(either(kind, [200, 1], [500, 1]));
  });

  both("keeps its original maxAge", async (kind) => {
    const at = await siteOf(kind, { cookie: { maxAge: 2_000 } }, ({ session }, res) => {
      res.end(String(session.cookie.originalMaxAge));
    });
    const { text, cookie } = await at.visit();
    sinon.clock.tick(100);
    expect([text, (await at.visit(cookie)).text]).to.eql(["2000", "2000"]);
  });

  both("expires after its maxAge, even if a handler sets a large maxAge", async (kind) => {
    const ages = [undefined, 5_000, 3_000_000_000];
    const at = await siteOf(kind, { cookie: { maxAge: 2_000 } }, ({ session }, res) => {
      const age = ages[session.count ?? 0];
      session.count = (session.count ?? 0) + 1;
      if (age) session.cookie.maxAge = age;
      res.end();
    });
    let cookie: string | undefined;
    const ends: number[] = [];
    for (const _ of ages) {
      const answer = await at.visit(cookie);
      cookie = answer.cookie;
      ends.push(expiryOf(answer) - START);
    }
    expect(ends).to.eql([2_000, 5_000, 3_000_000_000]);
  });

  both("is saved with its expiry time", async (kind) => {
    const at = await siteOf(kind, {}, ({ session }, res) => {
      session.count = (session.count ?? 0) + 1;
      res.end();
    });
    const first = await at.visit();
    expect(await at.sessions.endsAt()).to.equal(expiryOf(first));
    sinon.clock.tick(7_000);
    const second = await at.visit(first.cookie);
    expect(await at.sessions.endsAt()).to.equal(expiryOf(second));
    expect(expiryOf(second) - expiryOf(first)).to.equal(7_000);
  });

  both("can be given an expiry date", async (kind) => {
    const end = new Date(START + 3_000);
    const sent = await attributes(kind, {}, ({ session }) => {
      session.cookie.expires = end;
    });
    expect(sent).to.have.property("expires", end.toUTCString());
  });

  both("is sent only once without an expiry date, even if the session changes", async (kind) => {
    const at = await siteOf(kind, {}, ({ url, session }, res) => {
      session.cookie.expires = null as never;
      if (url === "/change") session.count = (session.count ?? 0) + 1;
      res.end();
    });
    const first = await at.visit();
    expect(setCookie(first)!.attributes).not.to.have.property("expires");
    for (const path of ["/", "/change"]) {
      expect(setCookie(await at.visit(first.cookie, `GET ${path}`)), path).to.equal(undefined);
    }
  });

  both("is not partitioned by default", async (kind) => {
    expect(await attributes(kind, {})).not.to.have.property("partitioned");
    expect(await attributes(kind, { cookie: { partitioned: false } })).not.to.have.property("partitioned");
  });

  both("is partitioned if the options say so", async (kind) => {
    const cookie = { partitioned: true, secure: true };
    expect(await attributes(kind, { proxy: true, cookie })).to.include({ partitioned: true });
    if (kind === "latchkey") await expectRefusal({ partitioned: true });
  });

  it("has an exported class only in express-session", () => {
    expect(expressSession.Cookie).to.be.a("function");
    expect(new expressSession.Cookie()).to.have.property("path", "/");
  });
});

/** Expects an error: browsers drop a partitioned cookie that is not secure. */
async function expectRefusal(cookie: Options["cookie"]): Promise<void> {
  const error = await siteOf("latchkey", { cookie }).catch((caught: Error) => caught);
  expect(error)
    .to.have.property("message")
    .that.matches(/partitioned.*secure/);
}
