import { expect } from "chai";
import type { Express } from "express";
import sinon from "sinon";
import { both, either, type Kind, type Options, setCookie, sidOf, siteOf } from "./middlewares.js";

/** A site that counts its sessions, and tells which one a request has. */
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

  both("makes another, with another id, where the store has none", async (kind) => {
    const at = await counting(kind);
    const first = await at.visit();
    await at.sessions.clear();
    const second = await at.visit(first.cookie);
    expect([first.text, second.text]).to.eql(["session 1", "session 2"]);
    expect(sidOf(second)).to.be.a("string").that.does.not.equal(sidOf(first));
  });

  both("makes another for an id without a signature, and does not look for it", async (kind) => {
    const at = await counting(kind);
    const first = await at.visit();
    at.sessions.calls = [];
    const second = await at.visit(`sid=${sidOf(first)}`);
    expect(second.text).to.equal("session 2");
    expect(sidOf(second)).to.be.a("string").that.does.not.equal(sidOf(first));
    expect(at.sessions.calls).to.eql(["write"]);
  });

  both("makes another for a signature that is wrong, and does not look for it", async (kind) => {
    const at = await counting(kind);
    const { cookie } = await at.visit();
    at.sessions.calls = [];
    const second = await at.visit(cookie.replace(/...\./, "."));
    expect([second.text, setCookie(second) !== undefined]).to.eql(["session 2", true]);
    expect(at.sessions.calls).to.eql(["write"]);
  });

  both("makes another, with another id, once it has expired, and the store has it no more", async (kind) => {
    const at = await counting(kind, { cookie: { maxAge: 5 } });
    const first = await at.visit();
    sinon.clock.tick(20);
    expect(await at.sessions.all()).to.eql([]);
    const second = await at.visit(first.cookie);
    expect(second.text).to.equal("session 2");
    expect(sidOf(second)).to.be.a("string").that.does.not.equal(sidOf(first));
  });

  both("where the store has no cookie of it: an error, or the cookie of the options", async (kind) => {
    const at = await counting(kind);
    const { cookie } = await at.visit();
    await at.sessions.put({ cookie: null });
    const { status, text } = await at.visit(cookie);
    expect(status).to.equal(either(kind, 500, 200));
    if (kind === "latchkey") expect(text).to.equal("session 1");
    else expect(text).to.match(/Cannot read prop/);
  });

  /** What cookie-parser leaves in a request, and then another Cookie header. */
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

  both("in what cookie-parser has read: the header alone counts here", async (kind) => {
    const at = await counting(kind, {}, parsed(false, "foo=bar"));
    const { cookie } = await at.visit();
    expect((await at.visit(cookie)).text).to.equal(either(kind, "session 1", "session 2"));
  });

  both("not by an unsigned cookie in what cookie-parser has read", async (kind) => {
    const at = await counting(kind, {}, parsed(false, "foo=bar"));
    const first = await at.visit();
    expect((await at.visit(`sid=${sidOf(first)}`)).text).to.equal("session 2");
  });

  both("not by a wrong signature in what cookie-parser has read", async (kind) => {
    const at = await counting(kind, {}, parsed(false, "foo=bar"));
    const { cookie } = await at.visit();
    expect((await at.visit(cookie.replace(/...\./, "."))).text).to.equal("session 2");
  });

  both("in the signed cookies of cookie-parser: the header alone counts here", async (kind) => {
    const at = await counting(kind, {}, parsed(true));
    const { cookie } = await at.visit();
    expect((await at.visit(cookie)).text).to.equal(either(kind, "session 1", "session 2"));
  });
});
