import { expect } from "chai";
import type { Request } from "express";
import sinon from "sinon";
import { both, either, expiryOf, type Kind, setCookie, siteOf } from "../express-session/middlewares.js";

const START = Date.UTC(2030, 0);

/** Changes the cookie in a handler. Returns the cookie's lifetime in milliseconds, null, or the kind of error. */
async function set(kind: Kind, change: (cookie: Record<string, unknown>) => void, options = {}): Promise<unknown> {
  let thrown: unknown;
  const at = await siteOf(kind, options, (req: Request, res) => {
    try {
      change(req.session.cookie as unknown as Record<string, unknown>);
    } catch (error) {
      thrown = error;
    }
    res.end();
  });
  const answer = await at.visit();
  if (thrown) return (thrown as Error).name;
  if (at.errors.length > 0) return "later";
  return setCookie(answer)!.attributes.expires === undefined ? null : expiryOf(answer) - START;
}

describe("the lifetime of the session cookie", () => {
  beforeEach(() => {
    sinon.useFakeTimers({ now: START, toFake: ["Date"] });
  });
  afterEach(() => sinon.restore());

  const ends: Array<[string, string, unknown, unknown]> = [
    ["maxAge", "a number", 5_000, 5_000],
    ["maxAge", "0", 0, 0],
    ["maxAge", "a negative number", -5_000, -5_000],
    ["maxAge", "a Date", new Date(START + 7_000), 7_000],
    ["maxAge", "null", null, null],
    ["maxAge", "undefined", undefined, null],
    ["maxAge", "false", false, null],
    ["expires", "a Date", new Date(START + 7_000), 7_000],
    ["expires", "a Date in the past", new Date(START - 7_000), -7_000],
    ["expires", "null", null, null],
    ["expires", "undefined", undefined, null],
    ["expires", "false", false, null],
    ["maxAge", "a string", "1000", "TypeError"],
    ["maxAge", "an object", {}, "TypeError"],
  ];
  for (const [property, what, value, end] of ends) {
    both(`${property} set to ${what} results in ${end}`, async (kind) => {
      expect(await set(kind, (cookie) => Object.assign(cookie, { [property]: value }))).to.equal(end);
    });
  }

  const refused: Array<[string, string, unknown]> = [
    ["maxAge", "NaN", Number.NaN],
    ["maxAge", "Infinity", Number.POSITIVE_INFINITY],
    ["maxAge", "more than a Date can hold", 1e300],
    ["maxAge", "an invalid Date", new Date(Number.NaN)],
    ["expires", "an invalid Date", new Date(Number.NaN)],
  ];
  for (const [property, what, value] of refused) {
    both(`${property} set to ${what} throws at the assignment or when the cookie is written`, async (kind) => {
      const outcome = await set(kind, (cookie) => Object.assign(cookie, { [property]: value }));
      expect(outcome).to.equal(either(kind, "later", "TypeError"));
    });
  }

  // express-session treats a number as a lifetime, and never responds if the value is a string.
  for (const value of [5_000, "tomorrow"]) {
    it(`expires set to a ${typeof value} throws at the assignment`, async () => {
      expect(await set("latchkey", (cookie) => Object.assign(cookie, { expires: value }))).to.equal("TypeError");
    });
  }

  both("maxAge set to a Date becomes a lifetime that later responses use again", async (kind) => {
    const at = await siteOf(kind, { cookie: { maxAge: 60_000 } }, ({ session, url }, res) => {
      if (url === "/set") session.cookie.maxAge = new Date(Date.now() + 7_000) as never;
      session.count = (session.count ?? 0) + 1;
      res.end(String(session.cookie.originalMaxAge));
    });
    const first = await at.visit(undefined, "GET /set");
    expect([first.text, expiryOf(first) - START]).to.eql(["7000", 7_000]);
    sinon.clock.tick(1_000);
    const second = await at.visit(first.cookie);
    expect([second.text, expiryOf(second) - START]).to.eql(["7000", 8_000]);
  });
});

describe("the Secure attribute of the session cookie", () => {
  for (const value of [true, "auto", 1]) {
    both(`is set over HTTPS if the application assigns ${JSON.stringify(value)}`, async (kind) => {
      const at = await siteOf(kind, { proxy: true }, ({ session }, res) => {
        Object.assign(session.cookie, { secure: value });
        res.end();
      });
      const answer = await at.visit(undefined, "GET /", { "x-forwarded-proto": "https" });
      expect(setCookie(answer)!.attributes.secure).to.equal(true);
      expect(setCookie(await at.visit())).to.equal(undefined);
    });
  }
});
