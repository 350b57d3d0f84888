import { expect } from "chai";
import type { Request } from "express";
import fc from "fast-check";
import { safeNext } from "latchkey";
import { withinRequest } from "./support/within-request.js";

const numRuns = Number(process.env.FUZZ_RUNS ?? 20_000);
const FALLBACK = "/fallback";
const BASES = ["http://app.example", "https://app.example", "http://app.example:8443", "https://app.example:8443"];

const signs = [..."/\\.%:@?#&=[]~;|\t\r\n\0 \b\u007f\u00a0\u2028\ufeff\ud800\u3002\uff0f\u00e9"];
const words = [
  "//",
  "..",
  "%2f",
  "%2F",
  "%5c",
  "%2e",
  "%0d%0a",
  "%00",
  "evil.com",
  "http:",
  "https:",
  "javascript:",
  "a",
];
const hostile = fc.string({ unit: fc.constantFrom(...signs, ...words), maxLength: 24 });
const clean = fc.string({ unit: fc.constantFrom(...[..."/.%:@?#&=[]~;|\u00e9"], ...words), maxLength: 24 });
const long = fc.tuple(clean, fc.integer({ min: 1, max: 400 })).map(([text, times]) => `/${text.repeat(times)}`);
const text = fc.oneof(
  hostile,
  hostile.map((rest) => `/${rest}`),
  clean.map((rest) => `/${rest}`),
  long,
  fc.string({ unit: "binary" }).map((rest) => `/${rest}`),
  fc.webUrl({ withFragments: true, withQueryParameters: true }),
  fc.webPath(),
);

/** Asks a request that passed the middleware, as if it had come with this `next`. */
function ask(req: Request, next: unknown): string {
  Object.defineProperty(req, "query", { configurable: true, value: { next } });
  return safeNext(req, FALLBACK);
}

/** The host as parsers that know no more than RFC 3986 see it. */
function naiveHost(url: string): string | undefined {
  return /^(?:[^:/?#]+:)?(?:\/\/([^/?#]*))?/.exec(url)?.[1];
}

describe("safeNext, whatever it is given", () => {
  it("stays on the origin, comes out as plain ASCII, and comes out the same again", async () => {
    let accepted = 0;
    await withinRequest({}, (req) =>
      fc.assert(
        fc.property(text, (next) => {
          const result = ask(req, next);
          expect(result).to.match(/^\/(?![/\\])[\x21-\x7e]*$/);
          for (const base of BASES) expect(new URL(result, base).origin).to.equal(base);
          expect(naiveHost(result)).to.equal(undefined);
          expect(ask(req, result)).to.equal(result);
          if (result !== FALLBACK) accepted++;
        }),
        { numRuns },
      ),
    );
    expect(accepted, "accepted").to.be.greaterThan(numRuns / 10);
    expect(accepted, "accepted").to.be.lessThan(numRuns * 0.9);
  });

  it("gives the fallback for what is no string", async () => {
    const noText = fc.anything().filter((value) => typeof value !== "string" && value !== undefined && value !== null);
    await withinRequest({}, (req) =>
      fc.assert(
        fc.property(noText, (next) => {
          expect(ask(req, next)).to.equal(FALLBACK);
        }),
        { numRuns: numRuns / 10 },
      ),
    );
  });
});
