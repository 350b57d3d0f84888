import { readFileSync } from "node:fs";
import { expect } from "chai";
import type { LoginManagerOptions } from "latchkey";
import ms, { type StringValue } from "ms";
import sinon from "sinon";
import { Browser } from "../support/browser.js";
import { endPrograms, startProgram } from "../support/page-program.js";
import type { Person } from "../support/people.js";
import { serve } from "../support/server.js";
import { site } from "../support/site.js";
import { inTestAll } from "../support/tier.js";

const PAGE = "docs/sessions.md";
const MINUTE = 60_000;
const HALF_DAY = 12 * 60 * MINUTE;
/** A login that lasts for this long while it is in use has no end. */
const LONG = 150 * 24 * 60 * MINUTE;

/** A row of the table, with times in milliseconds. */
interface Row {
  options: string;
  remember: boolean;
  closed: string;
  unused: number;
  /** When it ends at the earliest, and at the latest. */
  inUse: [number, number];
}

const [, table = ""] =
  /\| options \| after the browser is closed \| unused \| in use \|\n.*\n([\s\S]*?)\n\n/.exec(
    readFileSync(PAGE, "utf8"),
  ) ?? [];
const timeOf = (text: string) => ms(text.replace("ends after ", "") as StringValue);
const spanOf = (text: string): [number, number] => {
  if (text === "does not end") return [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY];
  const [, from, to, unit] = /^ends after (\d+)(?: to (\d+))? (\w+)$/.exec(text)!;
  return [ms(`${from} ${unit}` as StringValue), ms(`${to ?? from} ${unit}` as StringValue)];
};
const rows = table.split("\n").map((line): Row => {
  const [, first = "", closed = "", unused = "", inUse = ""] = line.split("|").map((cell) => cell.trim());
  const [, options = ""] = /^`(.*?)`/.exec(first) ?? [];
  return {
    options,
    remember: options.includes("remember"),
    closed,
    unused: timeOf(unused),
    inUse: spanOf(inUse),
  };
});

/** Logs Ann in on a site with the options of a row. */
async function loggedIn({ options, remember }: Row) {
  const given = new Function(`return ${options}`)() as Partial<Omit<LoginManagerOptions<Person>, "store">>;
  const { app } = site(given as object);
  const browser = new Browser(await serve(app), { accept: "application/json" });
  await browser.post("/login/1", { json: { remember } });
  const isIn = async () => (await browser.get("/me")).status === 200;
  return { browser, isIn };
}

inTestAll(`the table in ${PAGE}`, () => {
  let clock: sinon.SinonFakeTimers;
  beforeEach(() => {
    clock = sinon.useFakeTimers({ now: Date.now(), toFake: ["Date"] });
  });
  afterEach(() => sinon.restore());

  it("has nine rows", () => {
    expect(rows).to.have.length(9);
  });

  for (const row of rows) {
    it(`${row.options}: after the browser is closed`, async () => {
      const { browser } = await loggedIn(row);
      await browser.restart();
      const answer = await browser.get("/me");
      const fresh = answer.status === 200 && answer.json<{ fresh: boolean }>().fresh;
      const found = answer.status === 401 ? "logged out" : fresh ? "logged in" : "logged in, not fresh";
      expect(found).to.equal(row.closed);
    });

    it(`${row.options}: unused`, async () => {
      for (const [wait, is] of [
        [row.unused - MINUTE, true],
        [row.unused + MINUTE, false],
      ] as const) {
        const { isIn } = await loggedIn(row);
        clock.tick(wait);
        expect(await isIn()).to.equal(is);
      }
    });

    it(`${row.options}: in use`, async () => {
      const { isIn } = await loggedIn(row);
      const [earliest, latest] = row.inUse;
      const step = Math.min(HALF_DAY, 0.9 * row.unused, 0.9 * earliest);
      let used = 0;
      for (; used + step < Math.min(earliest, LONG); used += step) {
        clock.tick(step);
        expect(await isIn(), `after ${ms(used + step)}`).to.equal(true);
      }
      if (earliest === Number.POSITIVE_INFINITY) return;
      for (; used < latest; used += step) {
        clock.tick(step);
        if (!(await isIn())) return;
      }
      expect.fail(`the login did not end after ${ms(used)}`);
    });
  }
});

inTestAll(`the program of ${PAGE}`, () => {
  afterEach(endPrograms);

  it("keeps a cart, sends its cookie with each response, and keeps visitors without values out of the store", async () => {
    const program = await startProgram(PAGE);
    const client = program.client();
    expect((await client.get("/cart")).cookies).to.eql([]);
    await client.post("/cart", { json: { item: "a book" } });
    await client.post("/cart", { json: { item: "a pen" } });
    await client.restart(); // the cookie has a maxAge
    const { cookies, text } = await client.get("/cart");
    expect(text).to.equal('["a book","a pen"]');
    const [, expires = ""] = /^sid=.*; Expires=([^;]*)/.exec(cookies[0] ?? "") ?? [];
    expect(Date.parse(expires) - Date.now()).to.be.within(ms("7d") - 60_000, ms("7d"));
  });
});
