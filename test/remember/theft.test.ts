import { expect } from "chai";
import sinon from "sinon";
import { backendsHere, type Opened } from "../support/backends.js";
import { countTrials, send } from "../support/raw-client.js";
import { comeBack, forgets, GRACE, REMEMBERING, rememberIn, rememberingSites } from "../support/remembered.js";
import { trials } from "../support/trials.js";

const here = await backendsHere(...REMEMBERING);
const TIMES = trials(1000, 20);
const THIEF = { "user-agent": "a thief's", "x-forwarded-for": "203.0.113.66" };
const VICTIM = { "user-agent": "a victim's", "x-forwarded-for": "198.51.100.7" };
const thiefAt = (at: number) => ({ address: "203.0.113.66", userAgent: "a thief's", at });

describe("a used-up remember token that is presented again", () => {
  let clock: sinon.SinonFakeTimers;
  beforeEach(() => {
    clock = sinon.useFakeTimers({ now: Date.now(), toFake: ["Date"] });
  });
  afterEach(() => sinon.restore());

  for (const { name, open } of here) {
    describe(`on ${name}`, () => {
      let opened: Opened;
      before(async () => {
        opened = await open();
      });
      after(() => opened?.close());

      it(`is theft if its successor is used up: all remembered logins end, ${TIMES} of ${TIMES} times`, async () => {
        const at = await rememberingSites(opened);
        const bystander = at.newPerson();
        const hers = await at.logIn(bystander);
        const cases = await Promise.all(
          Array.from({ length: TIMES }, async () => {
            const ann = at.newPerson();
            const [stolen, second, third] = await Promise.all([1, 2, 3].map(() => at.logIn(ann, undefined, VICTIM)));
            const { sid } = await at.logIn(ann, {});
            return { ann, stolen: stolen!, second: second!, third: third!, passwordOnly: sid };
          }),
        );
        clock.tick(1000);
        const first = await Promise.all(cases.map(({ stolen }) => at.me(stolen.remember, THIEF)));
        clock.tick(GRACE + 1);
        const thieves = await Promise.all(first.map((answer) => at.me(rememberIn(answer)!, THIEF)));
        const stolenAt = Date.now();
        clock.tick(GRACE + 1);
        const restored = await Promise.all(cases.map(({ third }) => at.me(third.remember, VICTIM)));
        expect(at.told, "before the old token is presented").to.eql([]);

        const detected = await countTrials(TIMES, async (n) => {
          const { ann, stolen, second, third, passwordOnly } = cases[n]!;
          const answer = await at.me(stolen.remember, VICTIM);
          expect(answer.status, "not authenticated").to.equal(401);
          expect(forgets(answer)).to.equal(true);
          const dead = [thieves[n]!.cookie, rememberIn(thieves[n]!)!, second.sid, second.remember, third.remember];
          dead.push(restored[n]!.cookie);
          const alive = await Promise.all(dead.map(at.isIn));
          expect(alive).to.eql(dead.map(() => false));
          expect(await at.isIn(passwordOnly), "a login that is not remembered").to.equal(true);
          expect(await at.recordsOf(ann)).to.eql([]);
          return true;
        });
        expect(detected).to.equal(TIMES);
        expect(at.told.map(({ userId }) => userId).sort()).to.eql(cases.map(({ ann }) => ann.id).sort());
        for (const { event, last } of at.told)
          expect({ event, last }).to.eql({ event: "stolen", last: thiefAt(stolenAt) });
        expect(new Set(at.revoked.map(({ reason }) => reason))).to.eql(new Set(["stolen remember token"]));
        expect(at.revoked.map(({ logins }) => logins.length)).to.eql(Array(TIMES).fill(3));
        expect([await at.isIn(hers.sid), await at.isIn(hers.remember)], "another user's login").to.eql([true, true]);
      });

      it(`is stale after the grace period, and ends only its browser's login, ${TIMES} of ${TIMES} times`, async () => {
        const at = await rememberingSites(opened);
        const cases = await Promise.all(
          Array.from({ length: TIMES }, async () => {
            const ann = at.newPerson();
            const [one, other] = await Promise.all([at.logIn(ann), at.logIn(ann)]);
            return { ann, one: one!, other: other!, restored: await at.me(one!.remember, THIEF) };
          }),
        );
        const usedAt = Date.now();
        clock.tick(GRACE + 1000);
        const refused = await countTrials(TIMES, async (n) => {
          const { ann, one, other, restored } = cases[n]!;
          const answer = await at.me(one.remember);
          expect([answer.status, forgets(answer)]).to.eql([401, true]);
          expect(await at.isIn(restored.cookie), "the new session and the new token").to.equal(false);
          expect([await at.isIn(other.sid), await at.isIn(other.remember)], "another device").to.eql([true, true]);
          expect(await at.recordsOf(ann)).to.have.lengthOf(1);
          return true;
        });
        expect(refused).to.equal(TIMES);
        expect(at.told.map(({ userId }) => userId).sort()).to.eql(cases.map(({ ann }) => ann.id).sort());
        for (const { event, last } of at.told)
          expect({ event, last }).to.eql({ event: "stale", last: thiefAt(usedAt) });
        expect(at.revoked.map(({ reason, logins }) => [reason, logins.length])).to.eql(
          Array(TIMES).fill(["stale remember token", 1]),
        );
      });

      it("is accepted until the grace period ends, and is stale one millisecond later", async () => {
        const at = await rememberingSites(opened);
        const { remember } = await at.logIn(at.newPerson());
        await comeBack(at.origin, await at.me(remember));
        clock.tick(GRACE);
        expect([await at.isIn(remember), at.told]).to.eql([true, []]);
        clock.tick(1);
        expect([await at.isIn(remember), at.told.map(({ event }) => event)]).to.eql([false, ["stale"]]);
      });

      it("ends the thief's session after the grace period if the thief used the token before the victim", async () => {
        const at = await rememberingSites(opened);
        const ann = at.newPerson();
        const victim = await at.logIn(ann, undefined, VICTIM);
        clock.tick(1000);
        const thief = await at.me(victim.remember, THIEF);
        expect(thief.status).to.equal(200);
        expect(await at.isIn(victim.sid), "a browser has only one session").to.equal(false);

        const both = `${victim.sid}; ${victim.remember}`;
        const within = await at.me(both, VICTIM);
        expect([within.status, within.headers["set-cookie"]], "for this request only").to.eql([200, undefined]);
        expect([await at.sessionsOf(ann), at.told]).to.have.nested.property("[0].length", 1);

        clock.tick(GRACE + 1);
        const later = await at.me(both, VICTIM);
        expect([later.status, forgets(later), await at.isIn(thief.cookie)]).to.eql([401, true, false]);
        expect(at.told.map(({ event, last }) => [event, last.userAgent])).to.eql([["stale", "a thief's"]]);
      });

      it("R-22: is reported once in 1,000 requests, each of which costs one read and no write", async () => {
        const at = await rememberingSites(opened);
        const [ann, bob] = [at.newPerson(), at.newPerson()];
        const stale = (await at.logIn(ann)).remember;
        const stolen = (await at.logIn(bob)).remember;
        let next = rememberIn(await at.me(stolen))!;
        await comeBack(at.origin, await at.me(stale));
        clock.tick(GRACE + 1);
        next = rememberIn(await at.me(next))!;
        clock.tick(GRACE + 1);
        const unknown = (await at.logIn(at.newPerson())).remember;
        await send(at.origin, "POST /logout", { cookie: unknown });
        expect(await at.isIn(stale)).to.equal(false);
        expect(await at.isIn(stolen)).to.equal(false);
        expect(await at.isIn(next)).to.equal(false);
        at.store.calls = [];
        const dead = [stale, stolen, unknown, next];
        const refused = await countTrials(1000, async (n) => !(await at.isIn(dead[n % dead.length]!)));
        expect(refused).to.equal(1000);
        expect(at.store.calls).to.eql(Array(1000).fill("browser.read"));
        expect(at.told.map(({ event }) => event).sort()).to.eql(["stale", "stolen"]);
      });

      it("is reported once when 20 requests present it at once, and its records are deleted", async () => {
        const at = await rememberingSites(opened, {}, {});
        for (let round = 0; round < trials(100, 20, 3); round++) {
          const ann = at.newPerson();
          const [{ remember }, other] = [await at.logIn(ann), await at.logIn(ann)];
          const second = await at.me(remember);
          await comeBack(at.sites[0]!.origin, second);
          clock.tick(GRACE + 1);
          const isTheft = round % 2 === 0;
          if (isTheft) await at.me(rememberIn(second)!);
          clock.tick(GRACE + 1);
          at.told.length = at.revoked.length = 0;
          const answers = await Promise.all(
            Array.from({ length: 20 }, (_, n) => send(at.sites[n % 2]!.origin, "GET /me", { cookie: remember })),
          );
          expect(answers.every(({ status }) => status === 401)).to.equal(true);
          expect(at.told.map(({ event }) => event)).to.eql([isTheft ? "stolen" : "stale"]);
          const left = isTheft ? 0 : 1;
          expect([(await at.recordsOf(ann)).length, (await at.sessionsOf(ann)).length]).to.eql([left, left]);
          expect(await at.isIn(other.sid)).to.equal(!isTheft);
        }
      });
    });
  }

  for (const verb of ["listByUser", "destroy", "browser.listByUser", "browser.destroy"] as const) {
    it(`gets 503 if any ${verb} call fails, and the next request with it ends the remaining logins`, async () => {
      let failing = 0;
      for (let isOver = false; !isOver; ) {
        failing++;
        const opened = await here[0]!.open();
        const at = await rememberingSites(opened);
        const ann = at.newPerson();
        const stolen = (await at.logIn(ann)).remember;
        const others = await Promise.all([at.logIn(ann), at.logIn(ann)]);
        let thief = await at.me(stolen);
        clock.tick(GRACE + 1);
        thief = await at.me(rememberIn(thief)!);
        clock.tick(GRACE + 1);
        let calls = 0;
        at.store.before = (called) =>
          called === verb && ++calls === failing ? Promise.reject(new Error()) : undefined;
        const first = await at.me(stolen);
        at.store.before = () => undefined;
        isOver = calls < failing;
        if (!isOver) expect([first.status, first.headers["set-cookie"]]).to.eql([503, undefined]);
        const second = await at.me(stolen);
        expect([second.status, forgets(second)]).to.eql([401, true]);
        const dead = [thief.cookie, ...others.flatMap(({ sid, remember }) => [sid, remember])];
        expect(await Promise.all(dead.map(at.isIn))).to.eql(dead.map(() => false));
        expect(at.told.map(({ event }) => event)).to.eql(["stolen"]);
        await opened.close();
      }
      expect(failing).to.be.above(1);
    });
  }
});
