import { expect } from "chai";
import express, { type Request } from "express";
import fc from "fast-check";
import { LoginManager, loginRequired, safeNext } from "latchkey";
import { people, SECRET } from "../support/people.js";
import { sendLine } from "../support/request-line.js";
import { serve } from "../support/server.js";
import { seed, trials } from "../support/trials.js";
import { withinRequest } from "../support/within-request.js";

const numRuns = trials(100_000, 20_000);
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

/** Calls safeNext for a request that passed the middleware, as if its query contained this `next`. */
function ask(req: Request, next: unknown): string {
  Object.defineProperty(req, "query", { configurable: true, value: { next } });
  return safeNext(req, FALLBACK);
}

/** The host that a parser finds if it follows only RFC 3986. */
function naiveHost(url: string): string | undefined {
  return /^(?:[^:/?#]+:)?(?:\/\/([^/?#]*))?/.exec(url)?.[1];
}

describe(`safeNext with any input (seed ${seed})`, () => {
  it("returns an ASCII path on the same origin, and does not change it in a second call", async () => {
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
        { seed, numRuns },
      ),
    );
    expect(accepted, "accepted").to.be.greaterThan(numRuns / 10);
    expect(accepted, "accepted").to.be.lessThan(numRuns * 0.9);
  });

  it("returns the fallback for a value that is not a string", async () => {
    const noText = fc.anything().filter((value) => typeof value !== "string" && value !== undefined && value !== null);
    await withinRequest({}, (req) =>
      fc.assert(
        fc.property(noText, (next) => {
          expect(ask(req, next)).to.equal(FALLBACK);
        }),
        { seed, numRuns: numRuns / 10 },
      ),
    );
  });

  describe("the Location header of a redirect", () => {
    /** Starts a site where /back redirects to `next` and all other paths are guarded. */
    async function guardedSite() {
      const app = express();
      app.set("env", "test");
      new LoginManager({ secret: SECRET, userLoader: people().load, loginView: "/login" }).init(app);
      app.get("/back", (req, res) => res.redirect(safeNext(req, FALLBACK)));
      app.use(loginRequired());
      return serve(app);
    }

    /** Returns true if Express runs no middleware because it finds no path in the target, as in `//#@#`. */
    async function isPathless(target: string): Promise<boolean> {
      const app = express();
      app.use((_req, res) => void res.sendStatus(204));
      const [status] = await sendLine(await serve(app), `GET ${target}`);
      return status!.startsWith("HTTP/1.1 404 ");
    }

    /** Returns the only Location of the response, or undefined if Node or Express itself rejects the request. */
    async function locationOf(origin: string, target: string): Promise<string | undefined> {
      const [status, ...head] = await sendLine(origin, `GET ${target}`);
      if (status?.startsWith("HTTP/1.1 400 ")) return undefined;
      if (status?.startsWith("HTTP/1.1 404 ") && (await isPathless(target))) return undefined;
      expect(status).to.match(/^HTTP\/1\.1 302 /);
      const locations = head.filter((line) => /^location:/i.test(line));
      expect(locations).to.have.lengthOf(1);
      const location = locations[0]!.slice("location: ".length);
      expect(location).to.match(/^\/(?![/\\])[\x21-\x7e]*$/);
      for (const base of BASES) expect(new URL(location, base).origin).to.equal(base);
      expect(naiveHost(location)).to.equal(undefined);
      return location;
    }

    it("is missing if Express finds no path in the request line", async () => {
      expect(await locationOf(await guardedSite(), "//#@#")).to.equal(undefined);
    });

    const runs = { seed, numRuns: trials(5000, 300) };

    it("stays on the same origin", async () => {
      const origin = await guardedSite();
      let followed = 0;
      await fc.assert(
        fc.asyncProperty(text, async (next) => {
          const sent = encodeURIComponent(next.replace(/\p{Cs}/gu, "\ufffd"));
          const location = await locationOf(origin, `/back?next=${sent.slice(0, 8000)}`);
          expect(location).not.to.equal(undefined);
          if (location !== FALLBACK) followed++;
        }),
        runs,
      );
      expect(followed).to.be.greaterThan(runs.numRuns / 10);
    });

    it("points to the login page of the same origin for any request line", async () => {
      const origin = await guardedSite();
      const target = text
        .map((one) => one.replace(/[^\x21-\x7e\x80-\xff]/g, "").slice(0, 8000))
        .filter((one) => one !== "");
      let answered = 0;
      await fc.assert(
        fc.asyncProperty(target, async (line) => {
          const location = await locationOf(origin, line.startsWith("/back") ? `/x${line}` : line);
          if (location === undefined) return;
          expect(location).to.match(/^\/login(\?next=%2F[^&]*)?$/);
          answered++;
        }),
        runs,
      );
      expect(answered).to.be.greaterThan(runs.numRuns / 4);
    });
  });
});
