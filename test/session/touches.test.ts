import { expect } from "chai";
import type { LoginManagerOptions } from "latchkey";
import sinon from "sinon";
import { backendsHere, type Opened } from "../support/backends.js";
import { Gate } from "../support/barrier.js";
import type { Person } from "../support/people.js";
import { countTrials, type RawAnswer, send, sidIn } from "../support/raw-client.js";
import { recordId } from "../support/records.js";
import { serve } from "../support/server.js";
import { site } from "../support/site.js";
import { WatchedStore } from "../support/watched-store.js";

const AT_ONCE = 100;
const MINUTE = 60_000;
const backends = await backendsHere("memory", "redis", "sql on pg");

/** A site whose requests to `/late` wait in their handlers. */
async function lateSite(store: WatchedStore, options: Partial<LoginManagerOptions<Person>> = {}) {
  const { app, login } = site({ ...options, store });
  const late = new Gate();
  app.get("/late", (_req, res) => {
    void late.pass().then(() => res.send("late"));
  });
  // The test client opens 64 connections to one address.
  const origins = [await serve(app), await serve(app)];
  const logIn = async () => (await send(origins[0]!, "POST /login/1")).cookie;
  /** Sends 100 requests at once. All of them have read the session before one of them goes on. */
  const atOnce = async (line: string, cookie: string): Promise<RawAnswer[]> => {
    const { before } = store;
    const reads = new Gate();
    let read = 0;
    store.before = (verb) => (verb === "read" && read++ < AT_ONCE ? reads.pass() : before(verb));
    const answers = Array.from({ length: AT_ONCE }, (_, n) => send(origins[n % 2]!, line, { cookie }));
    await reads.arrived(AT_ONCE);
    store.before = before;
    reads.open();
    return Promise.all(answers);
  };
  const touches = () => store.calls.filter((verb) => verb === "touch").length;
  return { app, login, late, origins, logIn, atOnce, touches };
}

const statuses = (answers: RawAnswer[]) => [...new Set(answers.map(({ status }) => status))];

describe("the touches of a session", () => {
  let clock: sinon.SinonFakeTimers;
  let opened: Opened | undefined;
  beforeEach(() => {
    clock = sinon.useFakeTimers({ now: Date.now(), toFake: ["Date"] });
  });
  afterEach(async () => {
    sinon.restore();
    await opened?.close();
    opened = undefined;
  });

  for (const { name, open } of backends) {
    it(`${name}: ${AT_ONCE} requests at once make one write a minute`, async () => {
      opened = await open();
      const store = new WatchedStore(opened.store);
      const touch = sinon.spy(store.inner, "touch");
      const { logIn, atOnce } = await lateSite(store);
      const cookie = await logIn();
      const id = recordId("session", sidIn(cookie)!);
      for (let minute = 1; minute <= 5; minute++) {
        clock.tick(MINUTE);
        store.calls = [];
        expect(statuses(await atOnce("GET /me", cookie))).to.eql([200]);
        await Promise.all(touch.returnValues); // no response waits for a touch
        expect(store.calls.filter((verb) => verb !== "read")).to.eql(["touch"]);
        expect((await store.inner.read(id))!.lastSeenAt).to.equal(Date.now());
      }
    });

    it(`${name}: a session that ended while it was touched is noticed by each of ${AT_ONCE} requests`, async () => {
      opened = await open();
      const store = new WatchedStore(opened.store);
      const { late, logIn, origins, atOnce, touches } = await lateSite(store, { session: { rolling: true } });
      const cookie = await logIn();
      clock.tick(MINUTE);
      store.calls = [];
      const touching = new Gate();
      store.before = (verb) => (verb === "touch" ? touching.pass() : undefined);
      const answers = atOnce("GET /late", cookie);
      await late.arrived(AT_ONCE);
      const first = send(origins[0]!, "GET /me", { cookie });
      await touching.arrived();
      expect(await store.inner.destroy(recordId("session", sidIn(cookie)!))).not.to.equal(null);
      late.open();
      touching.open();
      expect((await first).cookie).to.equal("");
      expect((await answers).map((one) => one.cookie).filter(Boolean)).to.eql([]);
      expect(touches()).to.equal(1);
      expect((await send(origins[0]!, "GET /me", { cookie })).status).to.equal(401);
    });
  }

  it("a request that began before the touch and ends after it makes no other write", async () => {
    const store = new WatchedStore();
    const { late, logIn, origins, atOnce, touches } = await lateSite(store);
    const cookie = await logIn();
    clock.tick(MINUTE);
    store.calls = [];
    const waiting = atOnce("GET /late", cookie);
    await late.arrived(AT_ONCE);
    await send(origins[0]!, "GET /me", { cookie });
    expect(touches()).to.equal(1);
    clock.tick(MINUTE - 1);
    late.open();
    expect(statuses(await waiting)).to.eql([200]);
    expect(touches()).to.equal(1);
    clock.tick(1);
    await send(origins[0]!, "GET /me", { cookie });
    expect(touches()).to.equal(2);
  });

  for (const [what, when] of [
    ["rejects", "now"],
    ["times out", "never"],
  ] as const) {
    it(`are tried again by the next request after a touch that ${what}`, async () => {
      const store = new WatchedStore();
      const { logIn, origins, atOnce, touches, login } = await lateSite(store, { storeTimeout: 2000 });
      const failed = new Promise((resolve) => login.on("storeFailed", resolve));
      const cookie = await logIn();
      clock.tick(MINUTE);
      store.calls = [];
      const failing = new Gate();
      store.before = (verb) =>
        verb === "touch" ? failing.pass().then(() => Promise.reject(new Error("down"))) : undefined;
      expect(statuses(await atOnce("GET /me", cookie))).to.eql([200]);
      expect(touches()).to.equal(1);
      if (when === "now") failing.open();
      await failed;
      store.before = () => undefined;
      await send(origins[0]!, "GET /me", { cookie });
      await send(origins[0]!, "GET /me", { cookie });
      expect(touches()).to.equal(2);
      expect((await store.inner.read(recordId("session", sidIn(cookie)!)))!.lastSeenAt).to.equal(Date.now());
    });
  }

  it("never let a session end that is used, whatever fails in between", async () => {
    const store = new WatchedStore();
    const { logIn, origins } = await lateSite(store, { idleTimeout: "5m" });
    const cookie = await logIn();
    const rounds = 100;
    const served = await countTrials(
      rounds,
      async (round) => {
        clock.tick(MINUTE);
        store.before = (verb) => (verb === "touch" && round % 3 ? Promise.reject(new Error("down")) : undefined);
        return (await send(origins[0]!, "GET /me", { cookie })).status === 200;
      },
      1,
    );
    expect(served).to.equal(rounds);
  });

  it("are counted by each process and each realm for itself", async () => {
    const store = new WatchedStore();
    const others = [new WatchedStore(store.inner), new WatchedStore(store.inner)];
    const first = await lateSite(store);
    const second = await lateSite(others[0]!);
    const staff = await lateSite(others[1]!, { realm: "staff" });
    const cookie = await first.logIn();
    const ofStaff = await staff.logIn();
    clock.tick(MINUTE);
    const waiting = second.atOnce("GET /late", cookie);
    await second.late.arrived(AT_ONCE);
    await first.atOnce("GET /me", cookie);
    second.late.open();
    await waiting;
    await staff.atOnce("GET /me", ofStaff);
    expect([first.touches(), second.touches(), staff.touches()]).to.eql([1, 1, 1]);
  });

  it("of two sessions at once are two", async () => {
    const store = new WatchedStore();
    const { logIn, atOnce, touches } = await lateSite(store);
    const [one, two] = [await logIn(), await logIn()];
    clock.tick(MINUTE);
    await atOnce("GET /me", one);
    await atOnce("GET /me", two);
    expect(touches()).to.equal(2);
  });
});
