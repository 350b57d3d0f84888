import { expect } from "chai";
import sinon from "sinon";
import { backendsHere, type Opened } from "../support/backends.js";
import { countTrials, only, send } from "../support/raw-client.js";
import { forgets, GRACE, REMEMBERING, rememberIn, rememberingSites } from "../support/remembered.js";
import { days } from "../support/remembering.js";
import { soaking, trials } from "../support/trials.js";

const here = await backendsHere(...(soaking ? REMEMBERING : ["memory", "redis", "sqlite"]));
const TIMES = trials(1000, 20);

describe("the record of a remembered browser", () => {
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

      it(`is deleted by a logout, and every session of the login ends, ${TIMES} of ${TIMES} times`, async () => {
        const at = await rememberingSites(opened);
        const refused = await countTrials(TIMES, async (n) => {
          const ann = at.newPerson();
          const { sid, remember } = await at.logIn(ann);
          let cookies = [`${sid}; ${remember}`, remember];
          if (n % 3 > 0) {
            const { cookie } = await at.me(remember); // this ends the session of the login
            cookies = [cookie, n % 3 === 1 ? remember : only("sid", cookie), sid, remember];
          }
          const out = await send(at.origin, "POST /logout", { cookie: cookies[n % 2]! });
          expect(out.status).to.equal(200);
          const alive = await Promise.all(cookies.map(at.isIn));
          return (
            alive.every((one) => !one) && (await at.recordsOf(ann)).length + (await at.sessionsOf(ann)).length === 0
          );
        });
        expect([refused, at.told]).to.eql([TIMES, []]);
      });

      it("is not affected by a cookie that has its series but a forged signature", async () => {
        const at = await rememberingSites(opened);
        const [ann, bob] = [at.newPerson(), at.newPerson()];
        const visit = async () => {
          const { sid, remember } = await at.logIn(ann);
          return { sid, forged: `${remember.slice(0, -43)}${"A".repeat(43)}` };
        };
        for (const line of [`POST /login/${bob.id}`, "POST /logout"]) {
          const { sid, forged } = await visit();
          expect((await send(at.origin, line, { cookie: forged, json: {} })).status).to.equal(200);
          expect(await at.isIn(sid), line).to.equal(true);
        }
        const { sid, forged } = await visit();
        const again = await send(at.origin, `POST /login/${ann.id}`, { cookie: `${sid}; ${forged}`, json: {} });
        expect([again.status, rememberIn(again)]).to.eql([200, undefined]);
      });

      it("is deleted by a logout before the session is deleted, with and without the remember cookie", async () => {
        const at = await rememberingSites(opened);
        for (const withCookie of [true, false]) {
          const ann = at.newPerson();
          const { sid, remember } = await at.logIn(ann);
          at.store.calls = [];
          await send(at.origin, "POST /logout", { cookie: withCookie ? `${sid}; ${remember}` : sid });
          const ends = at.store.calls.filter((call) => call.endsWith("destroy"));
          expect(ends.slice(0, 2), String(withCookie)).to.eql(["browser.destroy", "destroy"]);
        }
      });

      it("is deleted by a login with `remember: false`, of another user, or after its session ended", async () => {
        const at = await rememberingSites(opened);
        for (const [isOther, json, withSession] of [
          [false, { remember: false }, true],
          [true, {}, true],
          [true, { remember: true }, true],
          [false, {}, false],
          [true, {}, false],
        ] as const) {
          const [ann, bob] = [at.newPerson(), at.newPerson()];
          const { sid, remember } = await at.logIn(ann);
          const cookie = withSession ? `${sid}; ${remember}` : remember;
          const answer = await send(at.origin, `POST /login/${isOther ? bob.id : ann.id}`, { cookie, json });
          expect(forgets(answer)).to.equal(!("remember" in json) || json.remember === false);
          expect([await at.isIn(remember), await at.recordsOf(ann)]).to.eql([false, []]);
        }
        expect(at.told).to.eql([]);
      });

      it("leaves a thief no session after its user logs in or out, during or after the grace period", async () => {
        const at = await rememberingSites(opened);
        for (const wait of [0, GRACE + 1]) {
          for (const path of ["login", "logout"]) {
            const ann = at.newPerson();
            const victim = await at.logIn(ann);
            const thief = await at.me(victim.remember);
            clock.tick(wait);
            const line = path === "login" ? `POST /login/${ann.id}` : "POST /logout";
            const answer = await send(at.origin, line, { cookie: `${victim.sid}; ${victim.remember}`, json: {} });
            expect(answer.status).to.equal(200);
            expect(await Promise.all([only("sid", thief.cookie), rememberIn(thief)!].map(at.isIn))).to.eql([
              false,
              false,
            ]);
            expect((await at.sessionsOf(ann)).length, path).to.equal(path === "login" ? 1 : 0);
          }
        }
      });

      it("passes session data of a one-request restore only to a login of the same user", async () => {
        const at = await rememberingSites(opened);
        const [ann, bob] = [at.newPerson(), at.newPerson()];
        const { remember } = await at.logIn(ann);
        const now = rememberIn(await at.me(remember))!;
        const kept = await send(at.origin, "POST /note/hers", { cookie: now });
        const cookie = `${only("sid", kept.cookie)}; ${now}`;
        const hers = await send(at.origin, `POST /login/${ann.id}`, { cookie, json: { remember: true } });
        expect((await send(at.origin, "GET /note", { cookie: hers.cookie })).text).to.equal('"hers"');
        const again = rememberIn(await at.me(rememberIn(hers)!))!;
        const more = await send(at.origin, "POST /note/hers", { cookie: again });
        const his = await send(at.origin, `POST /login/${bob.id}`, {
          cookie: `${only("sid", more.cookie)}; ${again}`,
          json: {},
        });
        expect([his.status, (await send(at.origin, "GET /note", { cookie: his.cookie })).text]).to.eql([200, "null"]);
      });

      it("is replaced by a record with another id when its user logs in again without `remember`", async () => {
        const at = await rememberingSites(opened);
        const ann = at.newPerson();
        const first = await at.logIn(ann, { remember: true, duration: "3d" });
        const id = (await at.recordsOf(ann))[0]!.id;
        ann.stamp = "2";
        const again = await send(at.origin, `POST /login/${ann.id}`, { cookie: `${first.sid}; ${first.remember}` });
        expect(days(again.headers["set-cookie"])).to.equal(3);
        expect((await at.recordsOf(ann)).map((record) => record.id))
          .to.have.lengthOf(1)
          .and.not.include(id);
        expect(await at.isIn(first.remember)).to.equal(false);
        expect(await at.isIn(rememberIn(again)!)).to.equal(true);
        expect(at.told).to.eql([]);
      });

      it("is deleted when strong session protection ends its login, even if the first attempt fails", async () => {
        const at = await rememberingSites(opened, { sessionProtection: "strong" });
        const ann = at.newPerson();
        const { sid, remember } = await at.logIn(ann, undefined, { "user-agent": "hers" });
        const other = { "user-agent": "another" };
        at.store.before = (verb) => (verb === "browser.destroy" ? Promise.reject(new Error("away")) : undefined);
        const failed = await at.me(`${sid}; ${remember}`, other);
        expect([failed.status, failed.headers["set-cookie"]]).to.eql([503, undefined]);
        at.store.before = () => undefined;
        const refused = await at.me(`${sid}; ${remember}`, other);
        expect([refused.status, forgets(refused)]).to.eql([401, true]);
        expect([await at.recordsOf(ann), await at.sessionsOf(ann)]).to.eql([[], []]);
        expect((await at.me(remember, { "user-agent": "hers" })).status).to.equal(401);
      });

      it("is deleted when its user is gone or has another stamp, and stays while its user is inactive", async () => {
        const at = await rememberingSites(opened);
        const [gone, changed, inactive] = [at.newPerson(), at.newPerson(), at.newPerson()];
        const cookies = await Promise.all([gone, changed, inactive].map(async (one) => (await at.logIn(one)).remember));
        at.byId.delete(gone.id);
        changed.stamp = "2";
        inactive.isActive = false;
        const answers = await Promise.all(cookies.map((cookie) => at.me(cookie)));
        expect(answers.map((answer) => [answer.status, forgets(answer)])).to.eql([
          [401, true],
          [401, true],
          [401, false],
        ]);
        const records = await Promise.all([gone, changed, inactive].map(at.recordsOf));
        expect(records.map(({ length }) => length)).to.eql([0, 0, 1]);
        at.byId.set(gone.id, gone);
        changed.stamp = "1";
        inactive.isActive = true;
        expect(await Promise.all(cookies.map(at.isIn))).to.eql([false, false, true]);
        expect(at.told).to.eql([]);
      });
    });
  }
});
