import { expect } from "chai";
import type { Request } from "express";
import { MemoryStore } from "latchkey";
import sinon from "sinon";
import { forgets, GRACE, rememberIn, rememberingSites, type Told } from "../support/remembered.js";
import type { site } from "../support/site.js";
import { trials } from "../support/trials.js";

const RUNS = trials(100, 5);
/** The number of runs that last the whole two hours. */
const LONG_RUNS = trials(100, 1);
const EVERY = 30_000;
const HOURS = 2;
const OWNER = { "user-agent": "a browser", "x-forwarded-for": "198.51.100.7" };

/** The outcome of one run with a copied cookie. */
interface Outcome {
  told: Told[];
  /** The number of restores by the owner and the thief. */
  restores: number;
  /** The number of requests by the owner and the thief until the alarm. */
  requests: number;
}

describe("a copied remember cookie that its owner and a thief each use every 30 seconds", () => {
  let clock: sinon.SinonFakeTimers;
  beforeEach(() => {
    clock = sinon.useFakeTimers({ now: Date.now(), toFake: ["Date"] });
  });
  afterEach(() => sinon.restore());

  /**
   * The owner and the thief each send their latest cookie, for two hours or until the alarm. The owner or the thief
   * begins, at random.
   */
  async function polled(thief: Record<string, string>, options: Parameters<typeof site>[0] = {}): Promise<Outcome> {
    const at = await rememberingSites({ store: new MemoryStore() }, options);
    const { remember } = await at.logIn(at.newPerson(), undefined, OWNER);
    const start = Date.now();
    const holders = [OWNER, thief].map((headers) => ({ headers, remember, next: Math.floor(Math.random() * EVERY) }));
    let restores = 0;
    let requests = 0;
    while (at.told.length === 0) {
      const [holder] = holders.sort((one, other) => one.next - other.next) as [(typeof holders)[number]];
      if (holder.next > HOURS * 3_600_000) break;
      clock.tick(start + holder.next - Date.now());
      const answer = await at.me(holder.remember, holder.headers);
      requests++;
      if (answer.cookie.includes("sid=")) restores++;
      if (at.told.length === 0) expect([answer.status, forgets(answer)], "until the alarm").to.eql([200, false]);
      holder.remember = rememberIn(answer) ?? holder.remember;
      holder.next += EVERY;
    }
    return { told: at.told, restores, requests };
  }

  async function foundOut(runs: number, ...of: Parameters<typeof polled>): Promise<Outcome[]> {
    const outcomes: Outcome[] = [];
    for (let run = 0; run < runs; run++) outcomes.push(await polled(...of));
    return outcomes.filter(({ told }) => told.length > 0);
  }

  const others: Record<string, Record<string, string>> = {
    "User-Agent": { ...OWNER, "user-agent": "a thief's" },
    address: { ...OWNER, "x-forwarded-for": "203.0.113.66" },
    "address (IPv6)": { ...OWNER, "x-forwarded-for": "2001:db8::66" },
  };
  for (const [what, thief] of Object.entries(others)) {
    it(`is detected within 2 minutes and 2 restores if the thief's ${what} differs (${RUNS} runs)`, async () => {
      const found = await foundOut(RUNS, thief);
      expect(found.length).to.equal(RUNS);
      for (const { told, restores, requests } of found) {
        expect([restores <= 2, requests <= 8, told.length]).to.eql([true, true, 1]);
      }
    });
  }

  it(`is detected in 0 of ${LONG_RUNS} runs of 2 hours if the thief has the same address and User-Agent`, async () => {
    expect((await foundOut(LONG_RUNS, OWNER)).length).to.equal(0);
  });

  it("is detected only if the option fingerprint returns another value for the thief", async () => {
    const fingerprint = (req: Request) => req.headers["user-agent"] ?? "";
    expect((await foundOut(RUNS, others["User-Agent"]!, { fingerprint })).length).to.equal(RUNS);
    expect((await foundOut(LONG_RUNS, others.address!, { fingerprint })).length).to.equal(0);
  });

  it("authenticates a thief in the grace period for single requests, without a cookie or a session", async () => {
    const at = await rememberingSites({ store: new MemoryStore() });
    const ann = at.newPerson();
    const { remember } = await at.logIn(ann, undefined, OWNER);
    const owner = await at.me(remember, OWNER);
    for (const later of [0, 1, GRACE - 1]) {
      clock.tick(later);
      for (const thief of Object.values(others)) {
        const answer = await at.me(remember, thief);
        expect([answer.status, answer.headers["set-cookie"]]).to.eql([200, undefined]);
      }
      const again = await at.me(remember, OWNER);
      expect([again.status, rememberIn(again)], "the owner's client").to.eql([200, rememberIn(owner)]);
    }
    expect([(await at.sessionsOf(ann)).length, at.told]).to.eql([1, []]);
  });
});
