import { expect } from "chai";
import type { Express } from "express";
import sinon from "sinon";
import { both, either, type Kind, type Options, setCookie, sidOf, siteOf } from "./middlewares.js";

/** A site that numbers its sessions, and sends the number of the request's session. */
function counting(kind: Kind, options: Options = {}, before?: (app: Express) => void) {
  let count = 0;
  return siteOf(
    kind,
    options,
    ({ session }, res) => {
      session.count ??= ++count;
      res.end(`session ${session.count}`);
    },
    before,
  );
}

describe("express-session's contract: finding a session", () => {
  beforeEach(() => {
    sinon.useFakeTimers({ now: Date.UTC(2030, 0), toFake: ["Date"] });
  });
  afterEach(() => sinon.restore());

  both("creates a session with a new id if the store has none", async (kind) => {
    const at = await counting(kind);
    const first = await at.visit();
    await at.sessions.clear();
    const second = await at.visit(first.cookie);
    expect([first.text, second.text]).to.eql(["session 1", "session 2"]);
    expect(sidOf(second)).to.be.a("string").that.does.not.equal(sidOf(first));
  });

  both("creates a session without a store read if the id is not signed", async (kind) => {
    const at = await counting(kind);
    const first = await at.visit();
    at.sessions.calls = [];
    const second = await at.visit(`sid=${sidOf(first)}`);
    expect(second.text).to.equal("session 2");
    expect(sidOf(second)).to.be.a("string").that.does.not.equal(sidOf(first));
    expect(at.sessions.calls).to.eql(["write"]);
  });

  both("creates a session without a store read if the signature is wrong", async (kind) => {
    const at = await counting(kind);
    const { cookie } = await at.visit();
    at.sessions.calls = [];
    const second = await at.visit(cookie.replace(/...\./, "."));
    expect([second.text, setCookie(second) !== undefined]).to.eql(["session 2", true]);
    expect(at.sessions.calls).to.eql(["write"]);
  });

  both("creates a session with a new id after the old session expired and left the store", async (kind) => {
    const at = await counting(kind, { cookie: { maxAge: 5 } });
    const first = await at.visit();
    sinon.clock.tick(20);
    expect(await at.sessions.all()).to.eql([]);
    const second = await at.visit(first.cookie);
    expect(second.text).to.equal("session 2");
    expect(sidOf(second)).to.be.a("string").that.does.not.equal(sidOf(first));
  });

  both("fails only in express-session if the stored session has no cookie", async (kind) => {
    const at = await counting(kind);
    const { cookie } = await at.visit();
    await at.sessions.put({ cookie: null });
    const { status, text } = await at.visit(cookie);
    expect(status).to.equal(either(kind, 500, 200));
    if (kind === "latchkey") expect(text).to.equal("session 1");
    else expect(text).to.match(/Cannot read prop/);
  });

  /** Sets the properties that cookie-parser sets, and then replaces the Cookie header. */
  const parsed = (isSigned: boolean, header?: string) => (app: Express) => {
    app.use((req, _res, next) => {
      const value = decodeURIComponent(/^sid=(.*)$/.exec(req.headers.cookie ?? "")?.[1] ?? "");
      req.cookies = value && !isSigned ? { sid: value } : {};
      req.signedCookies = value && isSigned ? { sid: value.slice("s:".length).split(".")[0] } : {};
      if (header) req.headers.cookie = header;
      else delete req.headers.cookie;
      next();
    });
  };

  both("reads the cookies of cookie-parser only in express-session", async (kind) => {
    const at = await counting(kind, {}, parsed(false, "foo=bar"));
    const { cookie } = await at.visit();
    expect((await at.visit(cookie)).text).to.equal(either(kind, "session 1", "session 2"));
  });

  both("ignores an unsigned cookie of cookie-parser", async (kind) => {
    const at = await counting(kind, {}, parsed(false, "foo=bar"));
    const first = await at.visit();
    expect((await at.visit(`sid=${sidOf(first)}`)).text).to.equal("session 2");
  });

  both("ignores a cookie of cookie-parser with a wrong signature", async (kind) => {
    const at = await counting(kind, {}, parsed(false, "foo=bar"));
    const { cookie } = await at.visit();
    expect((await at.visit(cookie.replace(/...\./, "."))).text).to.equal("session 2");
  });

  both("reads the signed cookies of cookie-parser only in express-session", async (kind) => {
    const at = await counting(kind, {}, parsed(true));
    const { cookie } = await at.visit();
    expect((await at.visit(cookie)).text).to.equal(either(kind, "session 1", "session 2"));
  });
});
