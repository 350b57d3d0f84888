import { expect } from "chai";
import sinon from "sinon";
import { backendsHere, type Opened } from "../support/backends.js";
import { Gate } from "../support/barrier.js";
import { send } from "../support/raw-client.js";
import { REMEMBERING, rememberingSites } from "../support/remembered.js";
import { soaking, trials } from "../support/trials.js";

const here = await backendsHere(...(soaking ? REMEMBERING : ["memory", "postgres"]));
const TIMES = trials(1000, 14);

describe("a browser that is restored while its login is ended", () => {
  afterEach(() => sinon.restore());

  for (const { name, open } of here) {
    describe(`on ${name}`, () => {
      let opened: Opened;
      before(async () => {
        opened = await open();
      });
      after(() => opened?.close());

      for (const way of ["revokeAll", "revoke", "a logout", "a logout with only the remember cookie"]) {
        for (const held of ["the restore", "the end"]) {
          it(`is logged out by ${way}, ${TIMES} of ${TIMES} times, if ${held} pauses at a store call`, async () => {
            const [site, other] = [await rememberingSites(opened), await rememberingSites(opened)];
            let waited = 0;
            let isLast = 0;
            for (let trial = 0, call = 0; trial < TIMES; trial++) {
              const ann = site.newPerson();
              other.byId.set(ann.id, ann);
              const { sid, remember } = await site.logIn(ann);
              const login = (await site.login.sessions.list(ann.id))[0]!.id;
              const visitor = (await send(site.origin, "POST /note/cart")).cookie;
              const cookie = trial % 2 === 0 ? remember : `${visitor}; ${remember}`;
              const restore = () => site.me(cookie);
              const end = async () => {
                if (way === "revokeAll") return void (await other.login.sessions.revokeAll(ann.id));
                if (way === "revoke") return void (await other.login.sessions.revoke(ann.id, login));
                const given = way === "a logout" ? `${sid}; ${remember}` : remember;
                expect((await send(other.origin, "POST /logout", { cookie: given })).status).to.equal(200);
              };
              const [slow, fast] = held === "the restore" ? [restore, end] : [end, restore];
              const gate = new Gate();
              let calls = 0;
              (held === "the restore" ? site : other).store.before = () => (calls++ === call ? gate.pass() : undefined);
              const slowly = slow();
              await Promise.race([gate.arrived(), slowly]);
              await fast();
              gate.open();
              await slowly;
              site.store.before = other.store.before = () => undefined;
              if (calls > call) waited++;
              else isLast++;
              call = calls > call ? call + 1 : 0;

              const left = [(await site.sessionsOf(ann)).length, (await site.recordsOf(ann)).length];
              expect(left, `at call ${call}`).to.eql([0, 0]);
              expect(await site.isIn(remember)).to.equal(false);
            }
            expect(waited).to.be.above(TIMES / 2);
            expect(isLast, "trials in which no call paused").to.be.above(0);
            expect([...site.told, ...other.told]).to.eql([]);
          });
        }
      }
    });
  }
});
