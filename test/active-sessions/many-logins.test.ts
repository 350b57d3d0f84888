import { expect } from "chai";
import sinon from "sinon";
import { accountSite } from "../support/account-site.js";
import { backendsHere } from "../support/backends.js";
import { only, send } from "../support/raw-client.js";
import { storedBrowsers, storedSessions } from "../support/records.js";
import { trials } from "../support/trials.js";

const MANY = trials(10_000, 1100);
const STEP = 500;
const here = await backendsHere("memory", "redis", "sql on pg", "sql on mysql2", "sql on better-sqlite3");

for (const { name, open } of here) {
  describe(`a user with ${MANY} logins on ${name}`, () => {
    afterEach(() => sinon.restore());

    /** A site where Ann has very many sessions, and a login that the test uses. */
    async function crowded() {
      const opened = await open();
      const at = await accountSite({ store: opened.store, storeTimeout: "30s" });
      const { cookie } = await send(at.origin, "POST /login/1", { json: { remember: true } });
      const [{ id: _, ...record }] = (await storedSessions(opened.store, "1")) as [
        Awaited<ReturnType<typeof storedSessions>>[number],
      ];
      for (let n = 0; n < MANY; n += 100) {
        const batch = Array.from({ length: Math.min(100, MANY - n) }, (_, i) => {
          const auth = { ...(record.data.auth as object), loginId: `login ${n + i}`, series: null };
          return opened.store.create(`many ${n + i}`, { ...record, data: { auth } });
        });
        await Promise.all(batch);
      }
      at.store.calls = [];
      return { ...at, opened, cookie };
    }

    it("needs 2 calls to the store for a login, 4 for a restored login, and 3 for a logout", async () => {
      const { cookie, opened, origin, store } = await crowded();
      const callsOf = async (line: string, given: string, json = {}) => {
        store.calls = [];
        const answer = await send(origin, line, { cookie: given, ...(line.startsWith("GET") ? {} : { json }) });
        expect(answer.status, line).to.equal(200);
        return [store.calls.length, answer.cookie] as const;
      };
      const [login, second] = await callsOf("POST /login/1", "", { remember: true });
      const [restore, restored] = await callsOf("GET /me", only("remember", cookie));
      const [logout] = await callsOf("POST /logout", restored);
      expect([login, restore, logout]).to.eql([2, 4, 3]);
      expect((await callsOf("POST /logout", second))[0]).to.equal(3);
      await opened.close();
    });

    it(`can list all of them, and end all of them in steps of ${STEP}`, async () => {
      const { cookie, login, opened, origin, store } = await crowded();
      expect(await login.sessions.list("1")).to.have.lengthOf(MANY + 1);
      store.calls = [];
      expect(await login.sessions.revokeAll("1")).to.equal(MANY + 1);
      const pages = Math.ceil((MANY + 1) / STEP);
      const steps = store.calls.filter((call) => call === "destroyByUser");
      expect(steps.length).to.be.within(pages - 1, pages + 1);
      expect(store.calls.length).to.be.below(2 * pages + 15);
      expect([
        (await storedSessions(opened.store, "1")).length,
        (await storedBrowsers(opened.store, "1")).length,
      ]).to.eql([0, 0]);
      expect((await send(origin, "GET /me", { cookie })).status).to.equal(401);
      await opened.close();
    });

    it("can end all but the current login", async () => {
      const { cookie, login, opened, origin } = await crowded();
      const [current] = (await login.sessions.list("1")).filter(({ id }) => !id.startsWith("login "));
      const others = await send(origin, "POST /revoke-all?except=current", { cookie });
      expect(JSON.parse(others.text)).to.equal(MANY);
      expect((await login.sessions.list("1")).map(({ id }) => id)).to.eql([current!.id]);
      await opened.close();
    });
  });
}
