import { expect } from "chai";
import sinon from "sinon";
import { ago } from "../../examples/web/times.js";
import { Browser } from "../support/browser.js";
import { ADMIN, type Example, serveExample } from "../support/example.js";

const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;

describe("every page of the example site", () => {
  let example: Example;
  let browser: Browser;

  beforeEach(async () => {
    sinon.useFakeTimers({ now: Date.UTC(2026, 0, 31, 12, 30), toFake: ["Date"] });
    example = await serveExample();
    browser = new Browser(example.origin);
  });

  afterEach(async () => {
    sinon.restore();
    await example.close();
  });

  it("marks itself in the navigation, and nothing else", async () => {
    const current = async (path: string) =>
      [...(await browser.get(path)).text.matchAll(/<a[^>]*href="([^"]+)"[^>]* aria-current="(\w+)"/g)].map((found) =>
        found.slice(1).join(" "),
      );
    expect(await current("/")).to.deep.equal(["/ page"]);
    expect(await current("/login?next=%2Fadmin")).to.deep.equal(["/login page"]);
    await browser.post("/login", { form: ADMIN });
    for (const path of ["/dashboard", "/logins", "/admin"]) expect(await current(path)).to.deep.equal([`${path} page`]);
    expect(await current("/nothing")).to.deep.equal([]);
  });

  it("says how long ago something was, and shows the exact time on hover", async () => {
    await browser.post("/login", { form: ADMIN });
    sinon.clock.tick(3 * MINUTE);
    expect((await browser.get("/logins")).text).to.match(
      /logged in <time datetime="2026-01-31T12:30:[^"]+" title="Jan 31, 2026, 12:30\sPM UTC">3 minutes ago<\/time>/,
    );
  });

  it("uses the largest unit that fits", () => {
    const ages = [0, MINUTE - 1, MINUTE, 119 * MINUTE, DAY, 8 * DAY, 45 * DAY, 800 * DAY, -5 * MINUTE];
    expect(ages.map((age) => ago(Date.now() - age))).to.deep.equal([
      ...["just now", "just now", "1 minute ago", "1 hour ago", "yesterday"],
      ...["last week", "last month", "2 years ago", "just now"],
    ]);
  });

  it("has no words for developers", async () => {
    const visitor = new Browser(example.origin);
    await browser.post("/login", { form: { ...ADMIN, remember: "on" } });
    const pages = [visitor, browser].flatMap((one) =>
      [
        "/",
        "/signup",
        "/login",
        "/dashboard",
        "/logins",
        "/password",
        "/security",
        "/email",
        "/profile",
        "/confirm",
        "/nothing",
      ].map((path) => one.get(path)),
    );
    for (const { text } of await Promise.all(pages)) {
      const words = text.replace(/<[^>]+>/g, " ");
      expect(words).not.to.match(/\b(session|remembered|restored|fresh|revoked?|cookie|stamp|authenticated)\b/i);
    }
  });
});
