import { expect } from "chai";
import type { SessionStore } from "latchkey";
import { afterTest } from "../support/after-test.js";
import { backendsHere, SQL } from "../support/backends.js";
import { Gate } from "../support/barrier.js";
import { places, startSite } from "../support/processes.js";
import { send, sidIn } from "../support/raw-client.js";
import { recordId } from "../support/records.js";
import { serve } from "../support/server.js";
import { site } from "../support/site.js";
import { soaking } from "../support/trials.js";
import { WatchedStore } from "../support/watched-store.js";

const REQUESTS = 300;
const VISITORS = [
  ["an anonymous visitor", "POST /note/cart"],
  ["a logged-in user", "POST /login/1"],
] as const;

const backends = await backendsHere("memory", "redis", "sqlite", "postgres", "mariadb", ...SQL);
const shared = backends.filter(({ name }) => (soaking ? name in places : name === "redis" || name === "sqlite"));

declare module "express-session" {
  interface SessionData {
    [seat: `seat${number}`]: true;
  }
}

/** A site where each request adds its own property, its seat, to the same session. */
async function seats(store: WatchedStore) {
  const { app, login } = site({ store });
  /** Each request passes this gate after it has changed the session. */
  const changed = new Gate();
  app.post("/seats/:seat", (req, res) => {
    const seat = Number(req.params.seat);
    if (req.query.bad) req.session.note = 1n as never;
    req.session[`seat${seat}`] = true;
    res.send("taken");
    void changed.pass();
  });
  app.post("/leave", async (req, res) => {
    await req.session.destroy();
    res.send("left");
  });
  app.get("/seats", (req, res) => {
    res.json(Object.keys(req.session).filter((key) => key.startsWith("seat")));
  });
  const origin = await serve(app);
  const take = (seat: number, cookie: string, query = "") => send(origin, `POST /seats/${seat}${query}`, { cookie });
  const read = async (cookie: string) =>
    (JSON.parse((await send(origin, "GET /seats", { cookie })).text) as string[]).sort();
  return { origin, login, changed, take, read };
}

const many = (length: number) => Array.from({ length }, (_, seat) => seat);
const named = (length: number) =>
  many(length)
    .map((seat) => `seat${seat}`)
    .sort();
const count = ({ calls }: WatchedStore, verb: string) => calls.filter((one) => one === verb).length;

describe("concurrent requests that change the same session", () => {
  for (const [whose, begin] of VISITORS) {
    it(`wait while the first change is saved; then one update saves all other changes, for ${whose}`, async () => {
      const store = new WatchedStore();
      const at = await seats(store);
      const { cookie } = await send(at.origin, begin);
      store.calls = [];
      const gate = new Gate();
      store.before = (verb) => (verb === "update" ? gate.pass() : undefined);
      // The client opens one socket for each request.
      const taking = Promise.all(many(64).map((seat) => at.take(seat, cookie)));
      await at.changed.arrived(64);
      expect(count(store, "update")).to.equal(1);
      gate.open();
      expect((await taking).map(({ status }) => status)).to.deep.equal(Array(64).fill(200));
      expect([count(store, "update"), count(store, "read")]).to.deep.equal([2, 64]);
      expect(await at.read(cookie)).to.deep.equal(named(64));
    });
  }

  for (const { name, open } of backends) {
    it(`on ${name} all succeed, lose no change, and make a limited number of store calls`, async () => {
      const { store: inner, close } = await open();
      const store = new WatchedStore(inner);
      try {
        const at = await seats(store);
        const { cookie } = await send(at.origin, "POST /note/cart");
        store.calls = [];
        const answers = await Promise.all(many(REQUESTS).map((seat) => at.take(seat, cookie)));
        expect(answers.filter(({ status }) => status !== 200)).to.deep.equal([]);
        expect(count(store, "read"), "reads").to.be.at.most(REQUESTS + 10);
        expect(count(store, "update"), "updates").to.be.at.most(REQUESTS + 10);
        expect(await at.read(cookie)).to.deep.equal(named(REQUESTS));
      } finally {
        await close();
      }
    });
  }

  it("at two servers with one store all succeed and lose no change", async () => {
    const inner: SessionStore = new WatchedStore();
    const stores = [new WatchedStore(inner), new WatchedStore(inner)];
    const both = await Promise.all(stores.map(seats));
    const { cookie } = await send(both[0]!.origin, "POST /note/cart");
    for (const store of stores) store.calls = [];
    const answers = await Promise.all(many(REQUESTS).map((seat) => both[seat % 2]!.take(seat, cookie)));
    expect(answers.filter(({ status }) => status !== 200)).to.deep.equal([]);
    expect(await both[0]!.read(cookie)).to.deep.equal(named(REQUESTS));
    expect(stores.reduce((sum, store) => sum + store.calls.length, 0)).to.be.at.most(4 * REQUESTS);
  });

  it("are independent: a value that JSON cannot store fails only its own request", async () => {
    const store = new WatchedStore();
    const at = await seats(store);
    const { cookie } = await send(at.origin, "POST /note/cart");
    const answers = await Promise.all(many(60).map((seat) => at.take(seat, cookie, seat % 3 === 0 ? "?bad=1" : "")));
    const failed = answers.flatMap(({ status }, seat) => (status === 200 ? [] : [[seat % 3, status]]));
    expect(failed).to.deep.equal(Array(20).fill([0, 500]));
    const good = many(60).filter((seat) => seat % 3 !== 0);
    expect(await at.read(cookie)).to.deep.equal(good.map((seat) => `seat${seat}`).sort());
  });

  for (const [what, interferes, revision] of [
    ["write it once", false, 1],
    ["write it again if another process wrote another value in between", true, 3],
  ] as const) {
    it(`and set the same value ${what}`, async () => {
      const store = new WatchedStore();
      const { inner } = store;
      const at = await seats(store);
      const { cookie } = await send(at.origin, "POST /login/1");
      const id = recordId("session", sidIn(cookie)!);
      const update = inner.update.bind(inner);
      const written = new Gate();
      inner.update = async (...args) => {
        const isWritten = await update(...args);
        await written.pass();
        return isWritten;
      };
      const reads = new Gate();
      store.before = (verb) => (verb === "read" ? reads.pass() : undefined);
      const taking = many(50).map(() => at.take(1, cookie));
      await reads.arrived(50);
      store.before = () => undefined;
      reads.open();
      await at.changed.arrived(50);
      const record = (await inner.read(id))!;
      if (interferes) await update(id, { ...record, data: { ...record.data, seat1: "free" } });
      written.open();
      expect((await Promise.all(taking)).filter(({ status }) => status !== 200)).to.deep.equal([]);
      const after = (await inner.read(id))!;
      expect([after.data.seat1, after.revision]).to.deep.equal([true, revision]);
    });
  }

  it("all get 503 when the store fails, and later requests are saved again", async () => {
    const store = new WatchedStore();
    const at = await seats(store);
    const { cookie } = await send(at.origin, "POST /note/cart");
    const gate = new Gate();
    store.before = async (verb) => {
      if (verb !== "update") return;
      await gate.pass();
      throw new Error("away");
    };
    const taking = Promise.all(many(60).map((seat) => at.take(seat, cookie)));
    await at.changed.arrived(60);
    gate.open();
    expect((await taking).map(({ status }) => status)).to.deep.equal(Array(60).fill(503));
    store.before = () => undefined;
    expect((await at.take(7, cookie)).status).to.equal(200);
    expect(await at.read(cookie)).to.deep.equal(["seat7"]);
  });

  it("all get 401 if the session ends while they wait, and the session stays deleted", async () => {
    const store = new WatchedStore();
    const at = await seats(store);
    const { cookie } = await send(at.origin, "POST /note/cart");
    const gone: unknown[] = [];
    at.login.on("sessionGone", ({ req }) => gone.push(req));
    const gate = new Gate();
    store.before = (verb) => (verb === "update" ? gate.pass() : undefined);
    const taking = Promise.all(many(60).map((seat) => at.take(seat, cookie)));
    await at.changed.arrived(60);
    expect((await send(at.origin, "POST /leave", { cookie })).status).to.equal(200);
    gate.open();
    expect((await taking).map(({ status }) => status)).to.deep.equal(Array(60).fill(401));
    expect(new Set(gone)).to.have.property("size", 60);
    expect(await at.read(cookie)).to.deep.equal([]);
  });
});

describe("two processes that change the same session at the same time", () => {
  for (const { name } of shared) {
    it(`on ${name} lose no change, and all requests succeed`, async () => {
      const place = await places[name]!();
      afterTest(place.remove);
      const [one, other] = await Promise.all([startSite(place.url), startSite(place.url)]);
      const { cookie } = await send(one.origin, "POST /login/1");
      const keep = (index: number) =>
        send([one, other][index % 2]!.origin, `POST /keep/key${index}/${index}`, { cookie });
      const answers = await Promise.all(many(REQUESTS).map(keep));
      expect(answers.filter(({ status }) => status !== 200)).to.deep.equal([]);
      const { text } = await send(other.origin, "GET /kept", { cookie });
      const kept = JSON.parse(text) as Record<string, string>;
      expect(many(REQUESTS).filter((index) => kept[`key${index}`] !== String(index))).to.deep.equal([]);
    });
  }
});
