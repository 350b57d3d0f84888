import { expect } from "chai";
import { MemoryStore } from "latchkey";
import sinon from "sinon";
import { only, send } from "../support/raw-client.js";
import { storedBrowsers, storedSessions } from "../support/records.js";
import { rememberIn, rememberingSites } from "../support/remembered.js";
import { serve } from "../support/server.js";
import { site } from "../support/site.js";
import { TamperedStore, tamperings } from "../support/tampered-store.js";
import { WatchedStore } from "../support/watched-store.js";

describe("the sessions that a browser's record names", () => {
  afterEach(() => sinon.restore());

  for (const [what, tampering] of Object.entries(tamperings)) {
    for (const [doing, line] of Object.entries({ "a logout": "POST /logout", "a restore": "GET /me" })) {
      it(`end at ${doing} with only the remember cookie, even if a store call of a confirmation ${what}`, async () => {
        let failed = 0;
        for (let call = 0; call < 5; call++) {
          const tampered = new TamperedStore();
          const { app } = site({ store: tampered, storeTimeout: "40ms" });
          const origin = await serve(app);
          const { cookie } = await send(origin, "POST /login/1", { json: { remember: true } });
          tampered.arm(call, tampering);
          const confirmed = await send(origin, "POST /confirm", { cookie });
          await tampered.mend();
          if (confirmed.status === 503) failed++;
          expect((await send(origin, line, { cookie: only("remember", cookie) })).status).to.equal(200);
          for (const sid of [cookie, confirmed.cookie].map((one) => only("sid", one)).filter(Boolean)) {
            expect((await send(origin, "GET /me", { cookie: sid })).status, `after call ${call}`).to.equal(401);
          }
          expect(await tampered.countOf("1")).to.equal(doing === "a logout" ? 0 : 1);
        }
        expect(failed).to.be.above(2);
      });
    }
  }

  /** A site with the option `genid`. After `collide()`, `genid` returns the id of Bob's session. */
  async function collidingSite() {
    let next: string | null = null;
    let made = 0;
    const store = new WatchedStore();
    const genid = () => next ?? `id${made++}`;
    const { app, byId } = site({ store, session: { genid } });
    const origin = await serve(app);
    const ann = await send(origin, "POST /login/1", { json: { remember: true } });
    const bob = await send(origin, "POST /login/2");
    const collide = () => {
      next = `id${made - 1}`;
    };
    const part = () => {
      next = null;
    };
    const isBob = async () => (await send(origin, "GET /me", { cookie: bob.cookie })).status === 200;
    return { store, byId, origin, ann: ann.cookie, isBob, collide, part };
  }

  it("never include another user's session whose id genid returns a second time", async () => {
    const deeds: Array<[line: string, json: object | undefined, of: (ann: string) => string]> = [
      ["POST /login/1", { remember: true }, () => ""],
      ["POST /login/1", { remember: true }, (ann) => ann],
      ["POST /confirm", undefined, (ann) => ann],
      ["GET /me", undefined, (ann) => only("remember", ann)],
    ];
    for (const [line, json, of] of deeds) {
      const at = await collidingSite();
      at.collide();
      const collided = await send(at.origin, line, { cookie: of(at.ann), ...(json ? { json } : {}) });
      at.part();
      expect(await at.isBob(), `after ${line}, ${collided.status}`).to.equal(true);
      const names = (await storedBrowsers(at.store.inner, "1")).flatMap(({ data }) => data.sessions as string[]);
      const [bob] = await storedSessions(at.store.inner, "2");
      expect(names).not.to.include(bob!.id);
      for (const cookie of [only("remember", at.ann), rememberIn(collided)].filter((one) => one !== undefined)) {
        await send(at.origin, "GET /me", { cookie });
        await send(at.origin, "POST /logout", { cookie });
      }
      expect(await at.isBob(), `after ${line} and a logout by the remember cookie`).to.equal(true);
    }
  });

  it("end for both logins at a logout whose session cookie and remember cookie are of different logins", async () => {
    const store = new MemoryStore();
    const at = await rememberingSites({ store });
    const ann = at.newPerson();
    const [one, other] = [await at.logIn(ann), await at.logIn(ann)];
    expect((await send(at.origin, "POST /logout", { cookie: `${one.sid}; ${other.remember}` })).status).to.equal(200);
    for (const cookie of [one.sid, one.remember, other.sid, other.remember])
      expect(await at.isIn(cookie)).to.equal(false);
    expect([await at.sessionsOf(ann), await at.recordsOf(ann)]).to.eql([[], []]);
  });
});
