import { expect } from "chai";
import sinon from "sinon";
import {
  type AddressBook,
  ANN,
  addressBooks,
  BOB,
  beginImport,
  copyOf,
  loggedIn,
  logIn,
  whoIs,
} from "../support/address-books.js";
import { apiClient, Browser } from "../support/browser.js";
import { until } from "../support/redis-servers.js";
import { trials } from "../support/trials.js";

const MINUTE = 60_000;
const DAY = 1440 * MINUTE;
const TRIALS = trials(100, 10);

describe("the address book, ported from Passport to latchkey", () => {
  beforeEach(() => void sinon.useFakeTimers({ now: Date.now(), toFake: ["Date"] }));
  afterEach(() => sinon.restore());

  /** Runs a scenario on both versions, and returns both results. */
  async function onBoth<T>(scenario: (book: AddressBook) => Promise<T>): Promise<{ before: T; after: T }> {
    const [before, after] = [await addressBooks.Passport(), await addressBooks.latchkey()];
    return { before: await scenario(before), after: await scenario(after) };
  }

  it(`does not undo a logout when a slow request finishes after it (${TRIALS} of ${TRIALS} with Passport, 0 with latchkey)`, async () => {
    const back = await onBoth(async (book) => {
      let count = 0;
      for (let trial = 0; trial < TRIALS; trial++) {
        const browser = await loggedIn(book.origin, { ...ANN, remember: "on" });
        const seen = book.lookUps();
        const slow = await beginImport(browser);
        await until(async () => book.lookUps() > seen);
        await browser.post("/logout");
        expect(await whoIs(browser), "logged out").to.equal(null);
        await slow.finish();
        if ((await whoIs(browser)) !== null) count++;
      }
      return count;
    });
    expect(back).to.deep.equal({ before: TRIALS, after: 0 });
  });

  it("ends all other logins, including remembered ones, when the password changes", async () => {
    const left = await onBoth(async ({ origin }) => {
      const [here, there, remembering] = [
        await loggedIn(origin),
        await loggedIn(origin),
        await loggedIn(origin, { ...ANN, remember: "on" }),
      ];
      await remembering.restart();
      await here.post("/password", { form: { password: "a new, longer one" } });
      return [await whoIs(here), await whoIs(there), await whoIs(remembering)];
    });
    expect(left).to.deep.equal({ before: [ANN.email, ANN.email, ANN.email], after: [ANN.email, null, null] });
  });

  it("detects copied remember cookies, and logs out both browsers", async () => {
    const inTheEnd = await onBoth(async ({ origin }) => {
      const browser = await loggedIn(origin, { ...ANN, remember: "on" });
      await browser.restart();
      const thief = await copyOf(browser);
      for (const one of [browser, thief, browser, thief]) {
        await one.restart();
        await one.get("/contacts");
        sinon.clock.tick(10 * MINUTE);
      }
      return [await whoIs(browser), await whoIs(thief)];
    });
    expect(inTheEnd).to.deep.equal({ before: [ANN.email, ANN.email], after: [null, null] });
  });

  it("ends a login after 30 days, even if it is used every day", async () => {
    const inTheEnd = await onBoth(async ({ origin }) => {
      const browser = await loggedIn(origin);
      for (let day = 0; day < 30; day++) {
        expect(await whoIs(browser)).to.equal(ANN.email);
        sinon.clock.tick(DAY - 1);
      }
      expect(await whoIs(browser)).to.equal(ANN.email);
      sinon.clock.tick(MINUTE);
      return whoIs(browser);
    });
    expect(inTheEnd).to.deep.equal({ before: ANN.email, after: null });
  });

  it("does not log a user in or out if a page of another site sends the form", async () => {
    const headers = { "sec-fetch-site": "same-site", origin: "https://blog.shop.example" };
    const inTheEnd = await onBoth(async ({ origin }) => {
      const [visitor, user] = [new Browser(origin), await loggedIn(origin)];
      await visitor.post("/login", { headers, form: ANN });
      await user.post("/logout", { headers });
      return [await whoIs(visitor), await whoIs(user)];
    });
    expect(inTheEnd).to.deep.equal({ before: [ANN.email, null], after: [null, ANN.email] });
  });

  it("does not look up the account for pages that do not need it", async () => {
    const lookUps = await onBoth(async (book) => {
      const browser = await loggedIn(book.origin);
      const seen = book.lookUps();
      for (const path of ["/login", "/favicon.ico", "/nothing"]) await browser.get(path);
      return book.lookUps() - seen;
    });
    expect(lookUps).to.deep.equal({ before: 3, after: 0 });
  });

  it("shows public pages while account lookups fail", async () => {
    const statuses = await onBoth(async ({ origin, breakLookUps }) => {
      const browser = await loggedIn(origin);
      breakLookUps();
      return [(await browser.get("/login")).status, (await browser.get("/contacts")).status];
    });
    expect(statuses).to.deep.equal({ before: [500, 500], after: [200, 500] });
  });

  it("does not show one user's session data to the next user of the browser", async () => {
    const shown = await onBoth(async ({ origin }) => {
      const browser = await loggedIn(origin);
      await (await beginImport(browser)).finish();
      await logIn(browser, BOB);
      return /Imported \d contacts/.test((await browser.get("/contacts")).text);
    });
    expect(shown).to.deep.equal({ before: true, after: false });
  });

  it("after a login, does not redirect to an address that accepts only POST", async () => {
    const target = await onBoth(async ({ origin }) => {
      const browser = new Browser(origin);
      await browser.post("/contacts/import");
      return (await browser.get(await logIn(browser))).status;
    });
    expect(target).to.deep.equal({ before: 404, after: 200 });
  });

  it("sends API clients 401 and a problem document instead of a redirect", async () => {
    const answers = await onBoth(async ({ origin }) => {
      const { status, headers } = await apiClient(origin).get("/contacts");
      return [status, headers.get("content-type")?.split(";")[0]];
    });
    expect(answers).to.deep.equal({ before: [302, undefined], after: [401, "application/problem+json"] });
  });

  it("sends a user's pages with Cache-Control: private, no-store and Vary: Cookie", async () => {
    const caching = await onBoth(async ({ origin }) => {
      const { headers } = await (await loggedIn(origin)).get("/contacts");
      return [headers.get("cache-control"), headers.get("vary")];
    });
    expect(caching).to.deep.equal({ before: [null, null], after: ["private, no-store", "Cookie"] });
  });
});
