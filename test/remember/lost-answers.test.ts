import { expect } from "chai";
import { currentUser } from "latchkey";
import sinon from "sinon";
import { backendsHere } from "../support/backends.js";
import { only, send } from "../support/raw-client.js";
import { endStoredSessions } from "../support/records.js";
import { comeBack, forgets, GRACE, rememberIn, rememberingSites } from "../support/remembered.js";

const HERE = { "user-agent": "here" };
const ELSEWHERE = { "user-agent": "elsewhere" };
const here = await backendsHere("memory", "redis", "sql on pg", "sql on better-sqlite3");

for (const { name, open } of here) {
  describe(`a restore on ${name} whose response is lost`, () => {
    let clock: sinon.SinonFakeTimers;
    beforeEach(() => {
      clock = sinon.useFakeTimers({ now: Date.now(), toFake: ["Date"] });
    });
    afterEach(() => sinon.restore());

    /** Restores a remembered browser. Returns the response as `answer`. */
    async function restored() {
      const opened = await open();
      const at = await rememberingSites(opened);
      at.app.post("/me-and-note/:note", async (req, res) => {
        await currentUser();
        req.session.note = req.params.note;
        res.send("noted");
      });
      const ann = at.newPerson();
      const { remember } = await at.logIn(ann, undefined, HERE);
      clock.tick(1000);
      const answer = await at.me(remember, HERE);
      return { ...at, opened, ann, remember, answer };
    }

    it("can be repeated after the grace period, even an hour later, with the same successor and no alarm", async () => {
      const { ann, answer, me, opened, recordsOf, remember, sessionsOf, told } = await restored();
      for (const later of [GRACE + 1, 3_600_000]) {
        clock.tick(later);
        const repeated = await me(remember, HERE);
        expect([repeated.status, rememberIn(repeated), only("sid", repeated.cookie)]).to.eql([
          200,
          rememberIn(answer),
          undefined,
        ]);
      }
      const next = await me(rememberIn(answer)!, HERE);
      expect([next.status, rememberIn(next) !== rememberIn(answer), told]).to.eql([200, true, []]);
      expect([(await sessionsOf(ann)).length, (await recordsOf(ann)).length]).to.eql([1, 1]);
      await opened.close();
    });

    it("can be repeated by a request that changes the session, and the change is saved", async () => {
      const { opened, origin, remember } = await restored();
      clock.tick(GRACE + 1);
      const noted = await send(origin, "POST /me-and-note/cart", { cookie: remember, headers: HERE });
      expect([noted.status, rememberIn(noted) === undefined]).to.eql([200, false]);
      expect((await send(origin, "GET /note", { cookie: noted.cookie, headers: HERE })).text).to.equal('"cart"');
      await opened.close();
    });

    it("can be repeated even if the login was renamed from another device since, with no alarm", async () => {
      const { ann, answer, login, me, opened, recordsOf, remember, told } = await restored();
      for (const label of ["phone", "old phone"]) {
        clock.tick(GRACE + 1);
        const [listed] = await login.sessions.list(ann);
        expect(await login.sessions.rename(ann, listed!.id, label)).to.equal(true);
        const repeated = await me(remember, HERE);
        expect([repeated.status, rememberIn(repeated)]).to.eql([200, rememberIn(answer)]);
      }
      expect((await recordsOf(ann)).map(({ data }) => data.generation)).to.eql([1]);
      clock.tick(GRACE + 1);
      expect((await me(rememberIn(answer)!, HERE)).status).to.equal(200);
      clock.tick(GRACE + 1);
      expect([(await me(remember, HERE)).status, told.map(({ event }) => event)]).to.eql([401, ["stolen"]]);
      await opened.close();
    });

    it("makes the old token stale if the new session confirms the login", async () => {
      const { answer, me, opened, origin, remember, told } = await restored();
      const cookie = `${only("sid", answer.cookie)}; ${rememberIn(answer)}`;
      expect((await send(origin, "POST /confirm", { cookie, headers: HERE })).status).to.equal(200);
      clock.tick(GRACE + 1);
      expect([(await me(remember, HERE)).status, told.map(({ event }) => event)]).to.eql([401, ["stale"]]);
      await opened.close();
    });

    it("makes the old token stale if another client repeats the request", async () => {
      const { me, opened, remember, told } = await restored();
      clock.tick(GRACE + 1);
      const refused = await me(remember, ELSEWHERE);
      expect([refused.status, forgets(refused), told.map(({ event }) => event)]).to.eql([401, true, ["stale"]]);
      await opened.close();
    });

    it("makes the old token stale once the new session is used, for a change or a later page", async () => {
      for (const isChange of [true, false]) {
        const { answer, me, opened, origin, remember, told } = await restored();
        if (isChange) await comeBack(origin, answer);
        clock.tick(GRACE + 1);
        if (!isChange) {
          await me(only("sid", answer.cookie)!, HERE);
          await new Promise((resolve) => setTimeout(resolve, 20)); // responses do not wait for a touch
        }
        expect([(await me(remember, HERE)).status, told.map(({ event }) => event)]).to.eql([401, ["stale"]]);
        await opened.close();
      }
    });

    it("makes the old token stale if the new session is gone", async () => {
      const { ann, me, opened, remember, told } = await restored();
      await endStoredSessions(opened.store, ann.id);
      clock.tick(GRACE + 1);
      expect([(await me(remember, HERE)).status, told.map(({ event }) => event)]).to.eql([401, ["stale"]]);
      await opened.close();
    });

    it("is theft if it is repeated with a token older than the previous one", async () => {
      const { answer, me, opened, remember, told } = await restored();
      clock.tick(GRACE + 1);
      await me(rememberIn(answer)!, HERE);
      clock.tick(GRACE + 1);
      expect([(await me(remember, HERE)).status, told.map(({ event }) => event)]).to.eql([401, ["stolen"]]);
      await opened.close();
    });

    it("can be followed by a login or logout with the old token, which forgets the browser", async () => {
      for (const line of ["POST /logout", "POST /login/2"]) {
        const { answer, isIn, opened, origin, remember, told } = await restored();
        clock.tick(GRACE + 1);
        expect((await send(origin, line, { cookie: remember, headers: HERE })).status).to.equal(200);
        for (const cookie of [remember, answer.cookie, rememberIn(answer)!]) expect(await isIn(cookie)).to.equal(false);
        expect(told).to.eql([]);
        await opened.close();
      }
    });
  });
}
