import { expect } from "chai";
import { MemoryStore, type SessionStore, type SessionUpdate } from "latchkey";
import sinon from "sinon";
import { faults, faultySite } from "../support/faulty-site.js";
import { only, send } from "../support/raw-client.js";
import { storedBrowsers, storedSessions } from "../support/records.js";
import { comeBack, forgets, GRACE, rememberIn } from "../support/remembered.js";
import { expectNoUnhandledRejections } from "../support/unhandled.js";
import { type Verb, WatchedStore } from "../support/watched-store.js";

/** A site whose store has a fault. `told` records the events about misused tokens. */
async function set(fault: () => unknown, inner: SessionStore = new MemoryStore()) {
  const told = sinon.fake();
  const at = await faultySite(fault, { store: new WatchedStore(inner) });
  at.login.on("rememberTokenStale", told).on("rememberTokenStolen", told);
  return { ...at, told, inner, me: (cookie: string) => send(at.origin, "GET /me", { cookie }) };
}

describe("remembered browsers while the store is down", () => {
  expectNoUnhandledRejections();
  let clock: sinon.SinonFakeTimers;
  beforeEach(() => {
    clock = sinon.useFakeTimers({ now: Date.now(), toFake: ["Date"] });
  });
  afterEach(() => sinon.restore());

  for (const [what, fault] of Object.entries(faults)) {
    describe(`because it ${what}`, () => {
      for (const verb of ["browser.read", "browser.update", "create", "destroy"] as const) {
        it(`a restore sends 503 at a ${verb}, removes no cookie, and works once the store is back`, async () => {
          const at = await set(fault);
          const remember = only("remember", at.cookie);
          clock.tick(1000);
          at.break(verb);
          const failed = await at.me(remember);
          if (what === "hangs") expect(at.operations(), "calls that timed out").to.have.lengthOf(1);
          expect([failed.status, forgets(failed), failed.headers["retry-after"]]).to.eql([503, false, "5"]);
          expect([at.operations()[0], at.restored.callCount]).to.eql([verb.replace("browser.", ""), 0]);
          const page = await send(at.origin, "GET /public", { cookie: remember });
          expect([page.status, page.headers["set-cookie"]]).to.eql([200, undefined]);
          at.mend();
          let latest = rememberIn(failed) ?? remember;
          for (const cookie of [remember, latest, remember]) {
            const answer = await at.me(cookie);
            expect(answer.status).to.equal(200);
            latest = rememberIn(answer) ?? latest;
          }
          clock.tick(GRACE + 1);
          expect((await at.me(latest)).status).to.equal(200);
          expect([at.told.callCount, (await storedBrowsers(at.inner, "1")).length]).to.eql([0, 1]);
          expect((await storedSessions(at.inner, "1")).length, "sessions").to.equal(1);
        });
      }

      it("a login sends 503 if the browser's record cannot be created, and logs nobody in", async () => {
        const at = await set(fault);
        at.break("browser.create");
        const failed = await send(at.origin, "POST /login/2", { json: { remember: true } });
        at.mend();
        expect([failed.status, failed.cookie, await at.store.countOf("2")]).to.eql([503, "", 0]);
        expect(await storedBrowsers(at.inner, "2")).to.eql([]);
        expect((await send(at.origin, "POST /login/2", { json: { remember: true } })).status).to.equal(200);
      });

      for (const verb of ["browser.destroy", "destroy"] as const) {
        it(`a logout sends 503 at a ${verb} and removes no cookie, and the browser can repeat it`, async () => {
          const at = await set(fault);
          at.break(verb);
          const failed = await send(at.origin, "POST /logout", { cookie: at.cookie });
          at.mend();
          expect([failed.status, failed.headers["set-cookie"]]).to.eql([503, undefined]);
          expect((await send(at.origin, "POST /logout", { cookie: at.cookie })).status).to.equal(200);
          expect([await at.store.countOf("1"), await storedBrowsers(at.inner, "1"), at.told.callCount]).to.eql([
            0,
            [],
            0,
          ]);
          expect((await at.me(at.cookie)).status).to.equal(401);
        });

        it(`a stale token gets 503 at a ${verb}, and ends the login when it is presented again`, async () => {
          const at = await set(fault);
          const stale = only("remember", at.cookie);
          const restored = await at.me(stale);
          await comeBack(at.origin, restored);
          clock.tick(GRACE + 1);
          at.break(verb);
          const failed = await at.me(stale);
          expect([failed.status, failed.headers["set-cookie"], at.told.callCount]).to.eql([503, undefined, 0]);
          at.mend();
          const refused = await at.me(stale);
          expect([refused.status, forgets(refused), at.told.callCount]).to.eql([401, true, 1]);
          expect((await at.me(restored.cookie)).status).to.equal(401);
        });
      }
    });
  }

  const answersLost: Record<string, <T>(written: Promise<T>) => Promise<T>> = {
    "is an error": async (written) => {
      await written;
      throw new Error("connection reset");
    },
    "never arrives": async (written) => {
      await written;
      return new Promise(() => {});
    },
    // A driver that repeats a statement after a lost connection returns false if the first attempt succeeded.
    "is false": async <T>(written: Promise<T>) => {
      await written;
      return false as T;
    },
  };

  for (const [what, lose] of Object.entries(answersLost)) {
    it(`a browser can use its token again if a restore is written, but the store's response ${what}`, async () => {
      let isLosing = false;
      const inner = new (class extends MemoryStore {
        override update(id: string, update: SessionUpdate) {
          const updating = super.update(id, update);
          return isLosing ? lose(updating) : updating;
        }
      })();
      const at = await set(() => undefined, inner);
      const remember = only("remember", at.cookie);
      isLosing = true;
      const first = await at.me(remember);
      isLosing = false;
      expect([first.status, forgets(first)]).to.eql([what === "is false" ? 200 : 503, false]);
      const next = await at.me(remember);
      expect([next.status, rememberIn(next) !== remember]).to.eql([200, true]);
      clock.tick(GRACE + 1);
      expect((await at.me(rememberIn(next)!)).status).to.equal(200);
      expect([at.told.callCount, (await storedSessions(at.inner, "1")).length]).to.eql([0, 1]);
    });
  }

  it("0 of 300 requests are treated as anonymous or lose their cookie while some store calls fail", async () => {
    const at = await set(() => Promise.reject(new Error("away")));
    const verbs = new Set<Verb>();
    let remember = only("remember", at.cookie);
    let refused = 0;
    let served = 0;
    for (let n = 0; n < 300; n++) {
      at.store.before = (verb) => {
        verbs.add(verb);
        return (n * 7 + at.store.calls.length * 3) % 11 === 0 ? Promise.reject(new Error("away")) : undefined;
      };
      const answer = await at.me(remember);
      if (answer.status === 200) served++;
      else if (answer.status !== 503 || forgets(answer)) refused++;
      remember = rememberIn(answer) ?? remember;
      clock.tick(n % 3 === 0 ? GRACE / 2 : 1);
    }
    expect([refused, at.told.callCount]).to.eql([0, 0]);
    expect(served).to.be.above(100).and.below(300);
    expect(verbs.has("browser.update")).to.equal(true);
  });
});
