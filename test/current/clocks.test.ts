import { expect } from "chai";
import type { JsonObject, SessionStore } from "latchkey";
import sinon from "sinon";
import { people } from "../support/people.js";
import { randomOf } from "../support/random.js";
import { only, send } from "../support/raw-client.js";
import { endStoredSessions, storedSessions } from "../support/records.js";
import { serve } from "../support/server.js";
import { type Me, site } from "../support/site.js";
import { trials } from "../support/trials.js";
import { WatchedStore } from "../support/watched-store.js";

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const YEAR = 365 * DAY;

/** How many milliseconds the clock is wrong, at the login and at each later request, and the result. */
interface Case {
  what: string;
  atLogin: number;
  after: number[];
  /** The state of the login in the last request: fresh, stale (not fresh) or ended. */
  login: "fresh" | "stale" | "ended";
  /** The reason if latchkey ended the login; null if the store had already deleted the record. */
  reason?: "clock" | "absolute timeout" | null;
  /** Whether the remember cookie alone restores the login. */
  remembered: boolean;
}

const cases: Case[] = [
  { what: "is right", atLogin: 0, after: [0], login: "fresh", remembered: true },
  { what: "was 59 s ahead", atLogin: 59 * SECOND, after: [0], login: "fresh", remembered: true },
  { what: "was 60 s ahead", atLogin: 60 * SECOND, after: [0], login: "fresh", remembered: true },
  { what: "was 61 s ahead", atLogin: 61 * SECOND, after: [0], login: "ended", reason: "clock", remembered: true },
  { what: "was an hour behind", atLogin: -HOUR, after: [0], login: "stale", remembered: true },
  { what: "was a year behind", atLogin: -YEAR, after: [0], login: "ended", reason: null, remembered: false },
  { what: "is set back by an hour", atLogin: 0, after: [0, -HOUR], login: "ended", reason: "clock", remembered: true },
  { what: "is set back by a year", atLogin: 0, after: [0, -YEAR], login: "ended", reason: "clock", remembered: true },
  {
    what: "is set back by an hour and forward again, with a request in between",
    atLogin: 0,
    after: [-HOUR, 0],
    login: "ended",
    reason: "clock",
    remembered: true,
  },
  {
    what: "is set back and forward again between two requests",
    atLogin: 0,
    after: [0, 0],
    login: "fresh",
    remembered: true,
  },
  { what: "is set forward by an hour", atLogin: 0, after: [HOUR], login: "stale", remembered: true },
  { what: "is set forward by an hour and back again", atLogin: 0, after: [HOUR, 0], login: "fresh", remembered: true },
  { what: "is set forward by a year", atLogin: 0, after: [YEAR], login: "ended", reason: null, remembered: false },
  {
    what: "is set forward by a year and back again",
    atLogin: 0,
    after: [YEAR, 0],
    login: "ended",
    reason: null,
    remembered: true,
  },
];

describe("a clock that", () => {
  let clock: sinon.SinonFakeTimers;
  beforeEach(() => {
    clock = sinon.useFakeTimers({ now: Date.now(), toFake: ["Date"] });
  });
  afterEach(() => sinon.restore());

  for (const { what, atLogin, after, login: expected, reason, remembered } of cases) {
    const ending = reason ? ` (${reason})` : "";
    it(`${what}: login ${expected}${ending}, browser ${remembered ? "remembered" : "forgotten"}`, async () => {
      const { app, login, store } = site({
        store: new WatchedStore(),
        freshFor: "30m",
      });
      const reasons: unknown[] = [];
      login.on("loginEnded", (ended) => reasons.push(ended.reason));
      const origin = await serve(app);
      const now = Date.now();
      const at = (skew: number) => clock.setSystemTime(now + skew);
      at(atLogin);
      const { cookie } = await send(origin, "POST /login/1", { json: { remember: true } });
      const tell = async (name: string) => {
        const { status, text } = await send(origin, "GET /me", { cookie: only(name, cookie) });
        return status === 200 ? (JSON.parse(text) as Me) : null;
      };
      let me: Me | null = null;
      for (const skew of after) {
        at(skew);
        me = await tell("sid");
      }
      expect(me === null ? "ended" : me.fresh ? "fresh" : "stale").to.equal(expected);
      expect(reasons).to.deep.equal(reason ? [reason] : []);
      if (expected === "ended") expect(await store.countOf("1")).to.equal(0);
      expect((await tell("remember"))?.remembered ?? false).to.equal(remembered);
    });
  }
});

describe("invalid timestamps in a session", () => {
  const malformed: Array<[string, unknown]> = [
    ["missing", undefined],
    ["null, the JSON form of NaN", null],
    ["a string", "yesterday"],
    ["a number as a string", String(Date.now())],
    ["an empty string", ""],
    ["true", true],
    ["an array", [Date.now()]],
    ["an object", { valueOf: 1 }],
    ["too large for a number", "1e999"],
    ["ten minutes ahead", () => Date.now() + 10 * MINUTE], // a function, because the test may run much later
  ];

  before(() => {
    sinon.stub(process, "emitWarning"); // hides the warning about the long timeout
  });
  after(() => sinon.restore());

  async function withAuth(changes: JsonObject) {
    const at = site({ absoluteTimeout: "100y", sessionProtection: false });
    const origin = await serve(at.app);
    const { cookie } = await send(origin, "POST /login/1");
    const store: SessionStore = at.store.inner;
    const { id, ...record } = (await storedSessions(store, "1"))[0]!;
    const auth = { ...(record.data.auth as JsonObject), ...changes };
    const data = JSON.parse(JSON.stringify({ auth })) as JsonObject;
    expect(await store.update(id, { ...record, data })).to.equal(true);
    return send(origin, "GET /me", { cookie });
  }

  for (const [what, given] of malformed) {
    it(`make the login invalid or not fresh: ${what}`, async () => {
      const value = typeof given === "function" ? given() : given;
      expect((await withAuth({ loginAt: value } as never)).status, "loginAt").to.equal(401);
      const { status, text } = await withAuth({ freshAt: value } as never);
      const isInstant = value === null || typeof value === "number"; // a value of another type makes the record damaged
      expect(status, "freshAt").to.equal(isInstant ? 200 : 401);
      if (isInstant) expect((JSON.parse(text) as Me).fresh, "freshAt").to.equal(false);
    });
  }
});

describe("two sites with one store and different clocks", () => {
  const SKEW = 600 * SECOND;
  const [idle, absolute, freshFor] = [2 * HOUR, 8 * HOUR, HOUR];
  const histories = trials(1000, 120);
  afterEach(() => sinon.restore());

  it(`never extend a login by more than the clock difference, in ${histories} random histories`, async () => {
    const seed = Number(process.env.SEED ?? Math.floor(Math.random() * 2 ** 31));
    const random = randomOf(seed);
    const clock = sinon.useFakeTimers({ now: Date.now(), toFake: ["Date"] });
    const store = new WatchedStore();
    const { load } = people();
    const options = { store, userLoader: load, idleTimeout: idle, absoluteTimeout: absolute, freshFor };
    const origins = await Promise.all([0, 1].map(async () => serve(site(options).app)));
    const seen = { requests: 0, accepted: 0, fresh: 0, ended: 0 };
    let now = Date.now();

    for (let history = 0; history < histories; history++) {
      const skews = [0, 1].map(() => Math.round((random() * 2 - 1) * SKEW));
      const apart = Math.abs(skews[0]! - skews[1]!);
      const ask = (place: number, line: string, cookie?: string) => {
        clock.setSystemTime(now + skews[place]!);
        return send(origins[place]!, line, cookie ? { cookie } : {});
      };
      let cookie = (await ask(0, "POST /login/1")).cookie;
      let [start, lastUsed, lastSeenAt] = [now, now, 0];
      let beganAt = Date.now(); // by the clock of the site that wrote it
      for (let step = 0; step < 12; step++) {
        now += Math.floor(random() ** 3 * 3 * HOUR);
        const kind = random();
        const line = kind < 0.1 ? "POST /confirm" : kind < 0.3 ? `POST /note/${step}` : "GET /me";
        const context = `seed ${seed}, history ${history}, step ${step}, ${line}, clocks ${skews}`;
        const answer = await ask(random() < 0.5 ? 0 : 1, line, cookie);
        seen.requests++;
        if (line.startsWith("POST /note")) {
          lastUsed = now; // the request extends the login if the login is still valid
          continue;
        }
        if (answer.status !== 200) {
          seen.ended++;
          break;
        }
        seen.accepted++;
        expect(beganAt - Date.now(), context).to.be.at.most(MINUTE);
        expect(now - start, context).to.be.at.most(absolute + apart);
        expect(now - lastUsed, context).to.be.at.most(idle + apart);
        lastUsed = now;
        if (line === "GET /me" && (JSON.parse(answer.text) as Me).fresh) {
          seen.fresh++;
          expect(now - start, context).to.be.at.most(freshFor + apart);
        }
        if (line === "POST /confirm") {
          [start, cookie, lastSeenAt, beganAt] = [now, answer.cookie, 0, Date.now()];
        }
        const [record] = await storedSessions(store.inner, "1");
        if (!record) continue; // expired by the clock of this site
        expect(record.lastSeenAt, context).to.be.at.least(lastSeenAt);
        ({ lastSeenAt } = record);
      }
      await endStoredSessions(store.inner, "1");
    }
    expect(Math.min(...Object.values(seen)), JSON.stringify(seen)).to.be.above(histories / 4);
    console.log(`      seed ${seed}: ${JSON.stringify(seen)}`);
  });
});
