import { expect } from "chai";
import sinon from "sinon";
import { backendsHere, type Opened } from "../support/backends.js";
import { DEVICE, deviceSite, EXPIRED, MINUTE, REMEMBER, SID, settled } from "../support/device-site.js";
import { Person } from "../support/people.js";
import { countTrials } from "../support/raw-client.js";
import { trials } from "../support/trials.js";
import { WatchedStore } from "../support/watched-store.js";

const here = await backendsHere("memory", "redis", "sql on pg");
const TIMES = trials(1000, 100, 25);
const OWNER = { "user-agent": "an owner's", "x-forwarded-for": "198.51.100.7" };
const THIEF = { "user-agent": "a thief's", "x-forwarded-for": "203.0.113.66" };

describe("the copied cookies of a login that is bound to a device", () => {
  let clock: sinon.SinonFakeTimers;
  beforeEach(() => {
    clock = sinon.useFakeTimers({ now: Date.now(), toFake: ["Date"] });
  });
  afterEach(() => sinon.restore());

  it("from before the registration still raise an alarm, even if the thief has registered a key", async () => {
    const at = await deviceSite();
    const owner = at.newBrowser(OWNER);
    owner.registers = false;
    await owner.post("/login/1", { json: { remember: true } });
    const thief = at.newBrowser(THIEF);
    await thief.jar.setCookie(`${REMEMBER}=${await owner.cookie(REMEMBER)}; Path=/; Secure`, at.origin);
    clock.tick(MINUTE);
    expect((await thief.get("/me")).status).to.equal(200);
    expect(thief.sessions.size).to.equal(1);
    expect((await thief.get("/bound")).status).to.equal(200);
    await settled();
    clock.tick(EXPIRED);
    expect((await thief.get("/me")).status).to.equal(200);
    at.told.length = 0;
    expect((await owner.get("/me")).status, "the owner finds out").to.equal(401);
    expect(at.told).to.eql(["rememberTokenStale"]);
    expect((await thief.get("/me")).status).to.equal(401);
    expect(await at.login.sessions.list("1")).to.eql([]);
  });

  it("are of no use after the first proof, even if the browser never sent the device's cookie with a request", async () => {
    const at = await deviceSite();
    const owner = at.newBrowser(OWNER);
    await owner.post("/login/1", { json: { remember: true } });
    const copy = await owner.cookie(REMEMBER);
    clock.tick(60 * MINUTE);
    await owner.restart();
    await owner.refresh([...owner.sessions.values()][0]!); // and the response with the cookie is lost
    clock.tick(MINUTE);
    const thief = at.newBrowser(THIEF);
    await thief.jar.setCookie(`${REMEMBER}=${copy}; Path=/; Secure`, at.origin);
    expect((await thief.get("/me")).status).to.equal(401);
    expect(thief.sessions.size).to.equal(0);
    expect((await owner.get("/me")).status).to.equal(200);
    expect((await owner.get("/bound")).status).to.equal(200);
  });

  for (const { name, open } of here) {
    describe(`on ${name}`, () => {
      let opened: Opened;
      before(async () => {
        opened = await open();
      });
      after(() => opened?.close());

      it(`log nobody in once the cookie of the device has expired, ${TIMES} of ${TIMES} times`, async () => {
        const at = await deviceSite({ store: new WatchedStore(opened.store) });
        const owners = await Promise.all(
          Array.from({ length: TIMES }, async (_, n) => {
            const person = new Person(`stolen ${n}`, `Owner ${n}`);
            at.byId.set(person.id, person);
            const browser = at.newBrowser(OWNER);
            await browser.post(`/login/${encodeURIComponent(person.id)}`, { json: { remember: true } });
            await browser.get("/me");
            return { browser, person };
          }),
        );
        await settled();
        clock.tick(MINUTE);
        const stolen = await Promise.all(
          owners.map(async ({ browser }) => {
            const values = await Promise.all(
              [SID, REMEMBER, DEVICE].map(async (one) => `${one}=${await browser.cookie(one)}`),
            );
            return { sid: values[0]!, remember: values[1]!, all: values.join("; ") };
          }),
        );
        const inTime = await countTrials(TIMES, async (n) => {
          const { status } = await at.sendCopy("GET /me", stolen[n]!.all, { headers: THIEF });
          return status === 200;
        });
        expect(inTime, "copies are of use until the cookie expires").to.equal(TIMES);
        const before = await Promise.all(owners.map(({ browser }) => browser.cookie(REMEMBER)));

        at.told.length = 0;
        clock.tick(EXPIRED);
        const refused = await countTrials(TIMES, async (n) => {
          const { all, sid, remember } = stolen[n]!;
          const answers = [];
          for (const cookie of [all, sid, remember, all]) {
            answers.push(await at.sendCopy("GET /me", cookie, { headers: THIEF }));
          }
          return answers.every(({ status, cookie }) => status === 401 && cookie === "");
        });
        expect(refused).to.equal(TIMES);
        const isNew = (one: string) => one !== "refused: no cookie" && one !== "refused: expired cookie";
        expect(at.told.filter(isNew), "no restore, no alarm").to.eql([]);
        expect(at.told).to.have.length(4 * TIMES);

        // The owner goes on, in the same session, and then in a session that the remember cookie restores.
        const stays = await countTrials(TIMES, async (n) => {
          const { browser, person } = owners[n]!;
          const [kept, answer] = [await browser.cookie(SID), await browser.get("/me")];
          const isSame = (await browser.cookie(SID)) === kept && (await browser.cookie(REMEMBER)) === before[n];
          await browser.restart();
          const again = await browser.get("/me");
          return isSame && [answer, again].every(({ status, text }) => status === 200 && text.includes(person.name));
        });
        expect(stays).to.equal(TIMES);

        // Now the copied remember cookie is used up. It still raises no alarm.
        at.told.length = 0;
        clock.tick(EXPIRED);
        const usedUp = await countTrials(TIMES, async (n) => {
          const { status } = await at.sendCopy("GET /me", stolen[n]!.all, { headers: THIEF });
          return status === 401 && (await owners[n]!.browser.get("/me")).status === 200;
        });
        expect(usedUp).to.equal(TIMES);
        expect(at.told.filter((one) => !/^(refused: expired cookie|deviceRefreshed)$/.test(one))).to.eql([]);
      });
    });
  }
});
