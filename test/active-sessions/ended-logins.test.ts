import { expect } from "chai";
import expressSession from "express-session";
import sinon from "sinon";
import { backendsHere, type Opened, SQL } from "../support/backends.js";
import { SECRET } from "../support/people.js";
import { countTrials, send } from "../support/raw-client.js";
import { rememberingSites } from "../support/remembered.js";
import { serve } from "../support/server.js";
import { site } from "../support/site.js";
import { trials } from "../support/trials.js";

const here = await backendsHere("memory", "redis", "sqlite", "postgres", ...SQL);
const REPLAYS = trials(1000, 200);

const mounts: Record<string, Parameters<typeof site>[1]> = {
  "latchkey's session": (login, app) => login.init(app),
  "the application's own express-session": (login, app) => {
    app.use(expressSession({ secret: SECRET, resave: false, saveUninitialized: false }), login.middleware());
  },
};

describe("a login", () => {
  afterEach(() => sinon.restore());

  for (const [over, mount] of Object.entries(mounts)) {
    for (const fate of ["deactivated", "deleted"] as const) {
      it(`ASVS 7.4.2: is rejected at the next request once its user, a plain row, is ${fate} (${over})`, async () => {
        const { app, byId } = site({ remember: { mode: "stateless" } }, mount);
        const row = { id: "10", name: "Row", isActive: true as boolean | number };
        byId.set(row.id, row as never);
        const origin = await serve(app);
        const isIn = async (cookie: string) => (await send(origin, "GET /me", { cookie })).status === 200;
        const logIn = async () => (await send(origin, "POST /login/10", { json: { remember: true } })).cookie;
        const cookies = [await logIn(), await logIn()].flatMap((both) => both.split("; "));
        expect(cookies).to.have.lengthOf(4);
        for (const cookie of cookies) expect(await isIn(cookie), cookie).to.equal(true);
        if (fate === "deleted") byId.delete(row.id);
        for (const isActive of fate === "deleted" ? [true] : [false, 0]) {
          row.isActive = isActive;
          for (const cookie of cookies) expect(await isIn(cookie), cookie).to.equal(false);
        }
      });
    }
  }

  for (const { name, open } of here) {
    describe(`on ${name}`, () => {
      let opened: Opened;
      before(async () => {
        opened = await open();
      });
      after(() => opened?.close());

      it(`ASVS 7.4.1: is rejected after a logout, in ${REPLAYS} replays of its cookies (CVE-2023-20862, CVE-2024-31999)`, async () => {
        const at = await rememberingSites(opened);
        const { sid, remember } = await at.logIn(at.newPerson());
        const cookies = [sid, remember, `${sid}; ${remember}`];
        expect((await send(at.origin, "POST /logout", { cookie: cookies[2]! })).status).to.equal(200);
        const refused = await countTrials(REPLAYS, async (n) => {
          const headers = { "user-agent": `another ${n}`, "x-forwarded-for": `10.0.0.${n % 250}` };
          const { status, cookie } = await at.me(cookies[n % 3]!, headers);
          return status === 401 && cookie === "";
        });
        expect(refused).to.equal(REPLAYS);
      });

      it("ASVS 7.4.2: is rejected in all five sessions and browsers once its user is deactivated", async () => {
        const at = await rememberingSites(opened);
        const person = at.newPerson();
        const logins = await Promise.all(Array.from({ length: 5 }, () => at.logIn(person)));
        const cookies = logins.flatMap(({ sid, remember }) => [sid, remember]);
        for (const { sid } of logins) expect(await at.isIn(sid)).to.equal(true);
        person.isActive = false;
        for (const cookie of cookies) expect(await at.isIn(cookie), cookie).to.equal(false);
      });

      it("CVE-2024-35220: expires in the store too if the application sets the maxAge of the cookie", async () => {
        const clock = sinon.useFakeTimers({ now: Date.now(), toFake: ["Date"] });
        const touch = sinon.spy(opened.store, "touch");
        const at = await rememberingSites(opened, { idleTimeout: "1h" });
        at.app.post("/age", (req, res) => {
          req.session.cookie.maxAge = 30 * 24 * 60 * 60 * 1000;
          req.session.note = "aged";
          res.send("aged");
        });
        const person = at.newPerson();
        const { sid } = await at.logIn(person, {});
        const answer = await send(at.origin, "POST /age", { cookie: sid });
        expect(answer.headers["set-cookie"]?.[0]).to.include("; Expires=");
        const aged = answer.cookie;
        for (let hour = 0; hour < 3; hour++) {
          clock.tick(50 * 60_000);
          expect(await at.isIn(aged)).to.equal(true);
          await Promise.all(touch.returnValues); // No response waits for a touch.
        }
        clock.tick(60 * 60_000 + 1000);
        expect(await at.isIn(aged)).to.equal(false);
        expect(await at.sessionsOf(person)).to.eql([]);
      });
    });
  }
});
