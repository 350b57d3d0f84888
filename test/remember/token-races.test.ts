import { expect } from "chai";
import { loginRequired } from "latchkey";
import sinon from "sinon";
import { backendsHere, type Opened } from "../support/backends.js";
import { SECRET } from "../support/people.js";
import { type RawAnswer, send } from "../support/raw-client.js";
import { GRACE, header, REMEMBERING, rememberIn, rememberingSites, some, taking } from "../support/remembered.js";
import type { site } from "../support/site.js";
import { trials } from "../support/trials.js";

type SiteOptions = Parameters<typeof site>[0];

const here = await backendsHere(...REMEMBERING);
const ROUNDS = trials(200, 3);
const OLD = SECRET;
const NEW = "the new secret for tests, with 32 characters or more";

describe("concurrent requests with the same remember token", () => {
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

      /** The sites, and a function that spreads a burst of requests over them. */
      async function set(...options: SiteOptions[]) {
        const at = await rememberingSites(opened, ...options);
        for (const { app } of at.sites) {
          app.get("/token/:mine", loginRequired(), (req, res) => {
            req.session.note ??= req.params.mine as string;
            res.send(req.session.note);
          });
        }
        const burst = (cookie: string, size: number, path = (_n: number) => "/me") =>
          Promise.all(
            Array.from({ length: size }, (_, n) =>
              send(at.sites[n % at.sites.length]!.origin, `GET ${path(n)}`, { cookie }),
            ),
          );
        return { ...at, burst };
      }

      const allIn = (answers: readonly RawAnswer[]) => answers.every(({ status }) => status === 200);

      const places: Record<string, SiteOptions[]> = {
        "at one site": [{}],
        "at two sites": [{}, {}],
        "at two sites during a change of secrets": [{ secret: [OLD, NEW] }, { secret: [NEW, OLD] }],
      };
      for (const [where, options] of Object.entries(places)) {
        it(`get 1 session and 1 successor for 50 requests ${where}, ${ROUNDS} of ${ROUNDS} times`, async () => {
          const { burst, logIn, newPerson, recordsOf, sessionsOf, sites, told } = await set(...options);
          for (let round = 0; round < ROUNDS; round++) {
            const ann = newPerson();
            const { remember } = await logIn(ann);
            clock.tick(1000);
            for (const { store } of sites) store.calls = [];
            const answers = await burst(remember, 50);
            expect(answers.map(({ status }) => status)).to.eql(Array(50).fill(200));
            // Each site signs with its own first secret, but the signed text is the same.
            const successors = new Set(answers.map((answer) => unsigned(rememberIn(answer))));
            expect(successors.size).to.equal(1);
            expect([...successors][0])
              .to.be.a("string")
              .that.is.not.equal(unsigned(remember));
            const made = sites.flatMap(({ store }) => store.calls).filter((verb) => verb === "create");
            expect([made.length, (await sessionsOf(ann)).length, (await recordsOf(ann)).length]).to.eql([1, 1, 1]);
          }
          expect(told).to.eql([]);
        });
      }

      it("keep the browser logged in when 3 of 10 responses are lost and the rest arrive in any order", async () => {
        const { burst, isIn, logIn, newPerson, recordsOf, sessionsOf, told } = await set({}, {});
        for (let round = 0; round < ROUNDS; round++) {
          const ann = newPerson();
          let jar: Record<string, string> = { remember: (await logIn(ann)).remember };
          for (let visit = 0; visit < 4; visit++) {
            const answers = await burst(header(jar), 10);
            expect(allIn(answers)).to.equal(true);
            const before = jar;
            jar = taking(jar, some(answers, visit === 2 ? 0 : 0.7));
            clock.tick(GRACE - 1000);
            expect(await isIn(header(jar)), "the new token, within the grace period").to.equal(true);
            expect(await isIn(before.remember!), "the previous token, within the grace period").to.equal(true);
            if (visit === 2) jar = taking(jar, await burst(header(jar), 1));
            clock.tick(1001);
            if (visit % 2 === 0) delete jar.sid; // the browser is restarted
          }
          expect([(await sessionsOf(ann)).length, (await recordsOf(ann)).length]).to.eql([1, 1]);
        }
        expect(told).to.eql([]);
      });

      it("that write to the session keep its earlier data if their responses arrive in any order", async () => {
        const { burst, logIn, newPerson, origin, sessionsOf, told } = await set({}, {});
        for (let round = 0; round < ROUNDS; round++) {
          const ann = newPerson();
          const { remember } = await logIn(ann);
          let jar = taking({ remember }, [await send(origin, "POST /note/cart")]);
          for (let visit = 0; visit < 3; visit++) {
            const answers = await burst(header(jar), 10, (n) => `/token/${n}`);
            expect(allIn(answers)).to.equal(true);
            jar = taking(jar, some(answers, 1));
            for (const later of [0, 30_000, GRACE, GRACE]) {
              clock.tick(later);
              const next = await send(origin, "GET /token/none", { cookie: header(jar) });
              expect([next.status, next.text], "data kept").to.eql([200, "cart"]);
              jar = taking(jar, [next]);
            }
            expect((await sessionsOf(ann)).length).to.equal(1);
            clock.tick(GRACE + 1);
          }
        }
        expect(told).to.eql([]);
      });

      it("that write to the session never log the browser out or lose later data when responses are lost", async () => {
        const { burst, logIn, newPerson, origin, told } = await set({}, {});
        for (let round = 0; round < ROUNDS; round++) {
          let jar: Record<string, string> = { remember: (await logIn(newPerson())).remember };
          for (let visit = 0; visit < 3; visit++) {
            const answers = await burst(header(jar), 10, (n) => `/token/${round}-${visit}-${n}`);
            expect(allIn(answers)).to.equal(true);
            jar = taking(jar, some(answers, visit === 1 ? 0.1 : 0.7));
            let kept: string | undefined;
            for (const later of [0, 1, 30_000, GRACE, GRACE]) {
              clock.tick(later);
              const next = await send(origin, "GET /token/next", { cookie: header(jar) });
              expect(next.status, "never logged out").to.equal(200);
              if (kept !== undefined) expect(next.text, "data kept").to.equal(kept);
              jar = taking(jar, [next]);
              if (jar.sid) kept = next.text;
            }
            expect(jar.sid, "a session after the requests").to.be.a("string");
            if (visit === 1) delete jar.sid;
            clock.tick(GRACE + 1);
          }
        }
        expect(told).to.eql([]);
      });
    });
  }

  it("are rejected without an alarm once the old secret is removed, unless the token was replaced before", async () => {
    const [backend] = here;
    const opened = await backend!.open();
    const before = await rememberingSites(opened, { secret: [NEW, OLD] }, { secret: [OLD] });
    const ann = before.newPerson();
    const bob = before.newPerson();
    const byOld = async (person: typeof ann) => {
      const answer = await send(before.sites[1]!.origin, `POST /login/${person.id}`, { json: { remember: true } });
      return rememberIn(answer)!;
    };
    const [rotated, other, unrotated] = [await byOld(ann), await byOld(bob), await byOld(ann)];
    clock.tick(1000);
    const successor = rememberIn(await before.me(rotated))!;
    clock.tick(GRACE + 1);
    const after = await rememberingSites(opened, { secret: NEW });
    for (const person of [ann, bob]) after.byId.set(person.id, person);
    expect(await after.isIn(unrotated)).to.equal(false);
    expect(await after.isIn(other)).to.equal(false);
    expect(await after.isIn(rotated), "the used-up token, signed with the old secret").to.equal(false);
    expect(await after.isIn(successor)).to.equal(true);
    expect([(await after.recordsOf(ann)).length, (await after.recordsOf(bob)).length]).to.eql([2, 1]);
    expect([before.told, after.told, after.revoked]).to.eql([[], [], []]);
    expect(await before.isIn(unrotated), "with the old secret again").to.equal(true);
    await opened.close();
  });
});

/** A remember cookie without its signature. */
function unsigned(cookie: string | undefined): string | undefined {
  return cookie?.slice(0, cookie.lastIndexOf("."));
}
