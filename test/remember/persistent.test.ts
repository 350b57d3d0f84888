import { expect } from "chai";
import sinon from "sinon";
import { backendsHere, type Opened } from "../support/backends.js";
import { only, send } from "../support/raw-client.js";
import { forgets, REMEMBERING, rememberIn, rememberingSites } from "../support/remembered.js";
import { DAY, days } from "../support/remembering.js";
import type { Me } from "../support/site.js";
import { soaking } from "../support/trials.js";

const here = await backendsHere(...(soaking ? REMEMBERING : ["memory", "redis", "sqlite"]));

describe("a remembered browser with a record in the store", () => {
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

      it("is restored on every visit with a new cookie and one session, and the login is never fresh", async () => {
        const at = await rememberingSites(opened);
        const ann = at.newPerson();
        let { remember } = await at.logIn(ann);
        const seen = new Set([remember]);
        for (let visit = 0; visit < 5; visit++) {
          clock.tick(DAY);
          const answer = await at.me(remember);
          expect(JSON.parse(answer.text)).to.eql({ name: ann.name, fresh: false, remembered: true } satisfies Me);
          expect((await at.sessionsOf(ann)).length).to.equal(1);
          expect(await at.isIn(only("sid", answer.cookie))).to.equal(true);
          remember = rememberIn(answer)!;
          seen.add(remember);
        }
        expect([seen.size, at.told]).to.eql([6, []]);
      });

      it("is remembered for `duration` after the login, even if it is restored in between", async () => {
        for (const [options, given] of [
          [{ duration: "10d" }, { remember: true }],
          [{ duration: "99d" }, { remember: true, duration: "10d" }],
        ] as const) {
          const at = await rememberingSites(opened, { remember: options });
          const ann = at.newPerson();
          let { remember } = await at.logIn(ann, given);
          for (let day = 1; day < 10; day++) {
            clock.tick(DAY);
            const answer = await at.me(remember);
            expect(days(answer.headers["set-cookie"])).to.equal(10 - day);
            remember = rememberIn(answer)!;
          }
          clock.tick(DAY - 1);
          expect(await at.isIn(remember)).to.equal(true);
          const last = rememberIn(await at.me(remember)) ?? remember;
          clock.tick(1);
          const over = await at.me(last);
          expect([over.status, forgets(over), await at.recordsOf(ann), at.told]).to.eql([401, true, [], []]);
        }
      });

      it("is forgotten when it is not seen for `idleTimeout`", async () => {
        const at = await rememberingSites(opened, { remember: { duration: "10d", idleTimeout: "2d" } });
        const ann = at.newPerson();
        let answer = await send(at.origin, `POST /login/${ann.id}`, { json: { remember: true } });
        expect(days(answer.headers["set-cookie"])).to.equal(2);
        for (const left of [2, 2, 2, 2, 1]) {
          clock.tick(2 * DAY - (left === 2 ? 1 : DAY - 5));
          answer = await at.me(rememberIn(answer)!);
          expect(Math.round(days(answer.headers["set-cookie"])!)).to.equal(left);
        }
        answer = await at.me(rememberIn(answer)!);
        const idle = (await at.logIn(ann)).remember;
        clock.tick(2 * DAY);
        const over = await at.me(idle);
        expect([over.status, forgets(over), at.told]).to.eql([401, true, []]);
        expect(await at.recordsOf(ann)).to.eql([]);
      });

      it("is remembered for `duration` after each restore with `refreshEachRequest`, not by public pages", async () => {
        const at = await rememberingSites(opened, { remember: { duration: "2d", refreshEachRequest: true } });
        const ann = at.newPerson();
        let { remember } = await at.logIn(ann);
        for (let day = 0; day < 10; day++) {
          clock.tick(DAY);
          const page = await send(at.origin, "GET /public", { cookie: remember });
          expect(page.headers["set-cookie"]).to.equal(undefined);
          const answer = await at.me(remember);
          expect(days(answer.headers["set-cookie"])).to.equal(2);
          remember = rememberIn(answer)!;
        }
        clock.tick(2 * DAY);
        expect(await at.isIn(remember)).to.equal(false);
      });
    });
  }
});
