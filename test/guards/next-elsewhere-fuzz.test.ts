import { expect } from "chai";
import express, { type Request } from "express";
import fc from "fast-check";
import { LoginManager, loginRequired, safeNext } from "latchkey";
import { people, SECRET } from "../support/people.js";
import { sendLine } from "../support/request-line.js";
import { serve } from "../support/server.js";
import { seed, trials } from "../support/trials.js";
import { UNSAFE_URLS } from "../support/unsafe-urls.js";
import { withinRequest } from "../support/within-request.js";

const numRuns = trials(100_000, 20_000);
const FALLBACK = "/fallback";
const OWN = "https://accounts.example.com";
const NAMED = ["https://app.example.com", "http://localhost:3000"];
const OPTIONS = { origin: OWN, nextOrigins: NAMED };
const BASES = [OWN, "http://accounts.example.com", "http://127.0.0.1:3000"];

const signs = [..."/\\.%:@?#&=[]~;|\t\r\n\0 \u00a0\u2028\ufeff\ud800\u3002\uff0f\uff0e\uff03\u00ad\u200d\u00e9"];
const words = [
  ...["//", "..", "%2f", "%5c", "%2e", "%40", "%00", "%0d%0a", ":443", ":80", ":3000", "www.", "xn--", "0x7f.1"],
  ...["evil.com", "app.example.com", "localhost", "APP.Example.com", "app%2eexample.com", "accounts.example.com"],
  ...["http:", "https:", "HTTPS:", "javascript:", "data:", "blob:", "user:pass@", ...NAMED, OWN],
];
const part = fc.constantFrom(...signs, ...words);
const mix = fc.string({ unit: part, maxLength: 12 });
const scheme = fc.constantFrom(
  "https://",
  "http://",
  "HTTPS://",
  "https:",
  "https:/",
  "https:///",
  "https:\\\\",
  "//",
  "",
);
const host = fc.constantFrom(
  ...[...NAMED, OWN].flatMap((origin) => [origin.split("//")[1]!, origin.split("//")[1]!.toUpperCase()]),
);
const path = fc.string({
  unit: fc.constantFrom(...[..."/.%:@?#&=~;|\u00e9a"], "%2f", "..", "evil.com"),
  maxLength: 12,
});
const text = fc.oneof(
  mix,
  fc.tuple(fc.constantFrom(...NAMED, OWN), mix).map((parts) => parts.join("")),
  fc.tuple(fc.constantFrom(...NAMED, OWN), path).map(([origin, rest]) => `${origin}/${rest}`),
  fc.tuple(scheme, host, mix).map((parts) => parts.join("")),
  fc.tuple(scheme, mix, host, mix).map((parts) => parts.join("")),
  fc
    .constantFrom(...Object.values(UNSAFE_URLS).flat())
    .map((one) => one.replace(/evil\.com|example\.com/, "app.example.com")),
  fc.tuple(host, fc.nat(), part).map(([name, at, put]) => {
    const url = `https://${name}/a`;
    return url.slice(0, at % url.length) + put + url.slice(at % url.length);
  }),
  fc.webUrl({ withFragments: true, withQueryParameters: true }),
);

/** The host that a parser finds if it follows only RFC 3986. */
function naiveHost(url: string): string | undefined {
  return /^(?:[^:/?#]+:)?(?:\/\/([^/?#]*))?/.exec(url)?.[1];
}

/** Expects a path of the page's own origin, or a URL of a named origin. Returns true if it is a URL. */
function expectNamed(result: string): boolean {
  const named = NAMED.find((origin) => result.startsWith(`${origin}/`));
  const path = named ? result.slice(named.length) : result;
  expect(path).to.match(/^\/(?![/\\])[\x21-\x7e]*$/);
  for (const base of BASES) expect(new URL(result, base).origin).to.equal(named ?? base);
  expect(naiveHost(result)).to.equal(named?.split("//")[1]);
  return named !== undefined;
}

describe(`safeNext with nextOrigins and any input (seed ${seed})`, () => {
  it("returns a path of this site or a URL of a named origin, and does not change it in a second call", async () => {
    let [urls, paths] = [0, 0];
    await withinRequest(OPTIONS, (req: Request) => {
      const ask = (next: string) => {
        Object.defineProperty(req, "query", { configurable: true, value: { next } });
        return safeNext(req, FALLBACK);
      };
      fc.assert(
        fc.property(text, (next) => {
          const result = ask(next);
          if (expectNamed(result)) urls++;
          else if (result !== FALLBACK) paths++;
          expect(ask(result)).to.equal(result);
        }),
        { seed, numRuns },
      );
    });
    expect(urls, "URLs").to.be.within(numRuns / 20, numRuns / 2);
    expect(paths, "paths").to.be.within(numRuns / 50, numRuns / 2);
  });

  it("is sent as a Location that stays on this site or a named origin", async () => {
    const app = express();
    new LoginManager<never>({ secret: SECRET, userLoader: () => null, ...OPTIONS }).init(app);
    app.get("/back", (req, res) => res.redirect(safeNext(req, FALLBACK)));
    const origin = await serve(app);
    const runs = { seed, numRuns: trials(5000, 300) };
    let urls = 0;
    await fc.assert(
      fc.asyncProperty(text, async (next) => {
        const sent = encodeURIComponent(next.replace(/\p{Cs}/gu, "\ufffd"));
        const [status, ...head] = await sendLine(origin, `GET /back?next=${sent}`);
        expect(status).to.match(/^HTTP\/1\.1 302 /);
        const locations = head.filter((line) => /^location:/i.test(line));
        expect(locations).to.have.lengthOf(1);
        if (expectNamed(locations[0]!.slice("location: ".length))) urls++;
      }),
      runs,
    );
    expect(urls, "URLs").to.be.greaterThan(runs.numRuns / 20);
  });

  it("accepts what a guard of a named site adds for any request line, if it is not too long", async () => {
    const app = express();
    const loginView = `${OWN}/login`;
    const options = { secret: SECRET, userLoader: people().load, loginView, origin: NAMED[0]! };
    new LoginManager(options).init(app);
    app.use(loginRequired());
    const origin = await serve(app);
    let returned = 0;
    await withinRequest(OPTIONS, (req: Request) =>
      fc.assert(
        fc.asyncProperty(path, async (rest) => {
          const line = `/a/${rest.replace(/[^\x21-\x7e]/g, "")}`;
          const head = await sendLine(origin, `GET ${line}`);
          const location = new URL(head.find((one) => one.startsWith("Location: "))!.slice("Location: ".length));
          expect(location.origin + location.pathname).to.equal(loginView);
          const next = location.searchParams.get("next");
          if (next === null) return;
          Object.defineProperty(req, "query", { configurable: true, value: { next } });
          expect(safeNext(req, FALLBACK)).to.equal(next);
          expect(next.startsWith(`${NAMED[0]}/`)).to.equal(true);
          returned++;
        }),
        { seed, numRuns: trials(5000, 300) },
      ),
    );
    expect(returned).to.be.greaterThan(trials(5000, 300) / 4);
  });
});
