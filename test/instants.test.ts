import { expect } from "chai";
import type { ErrorRequestHandler } from "express";
import { isFresh, type LoginOptions, loginUser, OptionError } from "latchkey";
import sinon from "sinon";
import { apiClient } from "./support/browser.js";
import { SECRET } from "./support/people.js";
import { serve } from "./support/server.js";
import { type Me, site } from "./support/site.js";
import { setUp, stages } from "./support/stages.js";

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const NOW = 1_800_000_000_000;

describe("freshness", () => {
  let clock: sinon.SinonFakeTimers;
  beforeEach(() => {
    clock = sinon.useFakeTimers({ now: NOW, toFake: ["Date"] });
  });
  afterEach(() => sinon.restore());

  for (const { name, build } of stages) {
    describe(`lasts for the shorter of freshFor and within: ${name}`, () => {
      for (const [what, freshFor, fresh, recent] of [
        ["without freshFor: as long as the session, or the route's within", undefined, 24 * HOUR - SECOND, 10 * MINUTE],
        ["if freshFor is longer than the route's within: for within", "30m", 30 * MINUTE, 10 * MINUTE],
        ["if freshFor is shorter than the route's within: for freshFor", "5m", 5 * MINUTE, 5 * MINUTE],
      ] as const) {
        it(what, async () => {
          for (const [path, limit, isLast] of [
            ["/recent", recent, false],
            ["/fresh", fresh, freshFor === undefined],
          ] as const) {
            clock.setSystemTime(NOW);
            const { as, ann } = await setUp(build, { freshFor });
            const client = await as(ann, { accept: "application/json" });
            const status = async () => (await client.get(path)).status;
            expect(await status(), `${path} at once`).to.equal(200);
            clock.setSystemTime(NOW + limit);
            expect(await status(), `${path} at ${limit}`).to.equal(200);
            if (isLast) continue; // freshness lasts as long as the session
            clock.setSystemTime(NOW + limit + 1);
            expect(await status(), `${path} after ${limit}`).to.equal(403);
            expect((await client.get("/me")).status).to.equal(200);
            expect((await client.post("/confirm")).status).to.equal(200);
            expect(await status(), `${path} confirmed`).to.equal(200);
          }
        });
      }

      it("a remembered login is not fresh, at login or after a restore, until it is confirmed", async () => {
        const { as, ann } = await setUp(build);
        const client = await as(ann, { accept: "application/json", remember: true });
        const statuses = async () => [(await client.get("/fresh")).status, (await client.get("/recent")).status];
        expect(await statuses()).to.deep.equal([403, 403]);
        await client.jar.store.removeCookie("127.0.0.1", "/", "sid");
        expect(await statuses(), "restored").to.deep.equal([403, 403]);
        await client.post("/confirm");
        expect(await statuses()).to.deep.equal([200, 200]);
      });
    });
  }

  /** Logs Ann in with these options, and returns functions that check whether her login is fresh. */
  async function loggedIn(options: LoginOptions, freshFor?: string) {
    const { app, ann } = site({ freshFor });
    const failures: Error[] = [];
    app.post("/sso", (req, res, next) => {
      loginUser(req, ann, options).then((done) => void res.json(done), next);
    });
    app.get("/within/:within", async (req, res) => {
      res.json(await isFresh(req, { within: req.params.within as string }));
    });
    app.use(((error, _req, res, _next) => {
      failures.push(error);
      res.sendStatus(error.status);
    }) as ErrorRequestHandler);
    const client = apiClient(await serve(app));
    const answer = await client.post("/sso");
    return {
      client,
      answer,
      failure: failures[0],
      fresh: async () => (await client.get("/me")).json<Me>().fresh,
      within: async (within: string) => (await client.get(`/within/${within}`)).json<boolean>(),
    };
  }

  it("isFresh() applies the shorter of within and freshFor, to the millisecond", async () => {
    for (const [freshFor, within, limit] of [
      ["30m", "10m", 10 * MINUTE],
      ["5m", "10m", 5 * MINUTE],
      [undefined, "10m", 10 * MINUTE],
    ] as const) {
      clock.setSystemTime(NOW);
      const { within: isWithin } = await loggedIn({}, freshFor);
      clock.setSystemTime(NOW + limit);
      expect(await isWithin(within)).to.equal(true);
      clock.setSystemTime(NOW + limit + 1);
      expect(await isWithin(within)).to.equal(false);
    }
  });

  it("is lost when another client uses the session, and does not return with the first client", async () => {
    const { client, fresh } = await loggedIn({});
    expect(await fresh()).to.equal(true);
    client.headers["user-agent"] = "another";
    expect(await fresh()).to.equal(false);
    delete client.headers["user-agent"];
    expect(await fresh()).to.equal(false);
  });

  describe("authTime", () => {
    for (const [kind, make] of [
      ["a Date", (instant: number) => new Date(instant)],
      ["milliseconds", (instant: number) => instant],
    ] as const) {
      it(`as ${kind}: freshness is measured from that time`, async () => {
        const { fresh, within } = await loggedIn({ authTime: make(NOW - 20 * MINUTE) }, "30m");
        expect([await fresh(), await within("19m"), await within("20m")]).to.deep.equal([true, false, true]);
        clock.tick(10 * MINUTE);
        expect(await fresh()).to.equal(true);
        clock.tick(1);
        expect(await fresh()).to.equal(false);
      });

      it(`as ${kind}, longer ago than freshFor: the user is logged in, but not fresh`, async () => {
        const { answer, fresh } = await loggedIn({ authTime: make(NOW - 30 * MINUTE - 1) }, "30m");
        expect([answer.text, await fresh()]).to.deep.equal(["true", false]);
      });

      it(`as ${kind}, one minute in the future: treated as the current time`, async () => {
        const { fresh } = await loggedIn({ authTime: make(NOW + MINUTE) }, "30m");
        clock.tick(30 * MINUTE);
        expect(await fresh()).to.equal(true);
        clock.tick(1);
        expect(await fresh()).to.equal(false);
      });

      it(`as ${kind}, more than a minute in the future: never fresh, not even when that time comes`, async () => {
        const { answer, fresh } = await loggedIn({ authTime: make(NOW + MINUTE + 1) }, "30m");
        expect([answer.text, await fresh()]).to.deep.equal(["true", false]);
        clock.tick(MINUTE + 2);
        expect(await fresh()).to.equal(false);
        clock.tick(10 * MINUTE);
        expect(await fresh()).to.equal(false);
      });
    }

    it("with fresh: false: the login is not fresh", async () => {
      const { answer, fresh } = await loggedIn({ authTime: NOW, fresh: false });
      expect([answer.text, await fresh()]).to.deep.equal(["true", false]);
    });

    it("accepts dates from the start of 1980 to the last day of 9999", async () => {
      for (const authTime of [Date.UTC(1980, 0, 1), Date.UTC(9999, 11, 31)]) {
        const { answer, fresh } = await loggedIn({ authTime });
        expect([answer.text, await fresh()]).to.deep.equal(["true", authTime < NOW]);
      }
    });

    const wrong: Array<[unknown, string]> = [
      [NOW / 1000, String(NOW / 1000)],
      [NOW * 1000, String(NOW * 1000)],
      [0, "0"],
      [Date.UTC(1980, 0, 1) - 1, String(Date.UTC(1980, 0, 1) - 1)],
      [Date.UTC(9999, 11, 31) + 1, String(Date.UTC(9999, 11, 31) + 1)],
      [-NOW, String(-NOW)],
      [Number.NaN, "NaN"],
      [Number.POSITIVE_INFINITY, "Infinity"],
      [Number.NEGATIVE_INFINITY, "-Infinity"],
      [new Date(Number.NaN), "NaN"],
      [new Date(NOW / 1000), String(NOW / 1000)],
      [new Date(8.64e15), "8640000000000000"],
      [null, "null"],
      [String(NOW), "a string"],
      [SECRET, "a string"],
      [BigInt(NOW), "a bigint"],
      [true, "a boolean"],
      [[NOW], "an array"],
      [{ valueOf: () => NOW }, "object"],
      [() => NOW, "a function"],
      [Symbol("now"), "a symbol"],
    ];
    for (const [authTime, told] of wrong) {
      it(`rejects ${told} with an OptionError that names the value, and logs nobody in`, async () => {
        const { answer, failure, client } = await loggedIn({ authTime } as never);
        expect([answer.status, answer.cookies]).to.deep.equal([500, []]);
        expect(failure).to.be.instanceOf(OptionError).with.property("option", "authTime");
        expect(failure!.message).to.equal(
          `authTime: expected a Date, or milliseconds since the epoch, not ${told} (OpenID Connect's auth_time is in seconds)`,
        );
        expect((await client.get("/me")).status).to.equal(401);
      });
    }
  });
});
