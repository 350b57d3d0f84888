import { expect } from "chai";
import sinon from "sinon";
import { send } from "../support/raw-client.js";
import { serve } from "../support/server.js";
import { site } from "../support/site.js";

const MINUTE = 60_000;

describe("the lifetime of a session", () => {
  let clock: sinon.SinonFakeTimers;
  beforeEach(() => {
    clock = sinon.useFakeTimers({ now: Date.now(), toFake: ["Date"] });
  });
  afterEach(() => sinon.restore());

  it("ends at the idle timeout if the session is not used", async () => {
    const idleTimeout = 20 * MINUTE;
    const { app, store } = site({ idleTimeout });
    const origin = await serve(app);
    const { cookie } = await send(origin, "POST /login/1");
    clock.tick(idleTimeout - 1000);
    expect((await send(origin, "GET /me", { cookie })).status).to.equal(200);
    expect(await store.countOf("1")).to.equal(1);
    clock.tick(idleTimeout + 1000);
    expect((await send(origin, "GET /me", { cookie })).status).to.equal(401);
    expect(await store.countOf("1")).to.equal(0);
    expect(await store.inner.prune(), "the read already removed the record").to.equal(0);
  });

  it("ends at the absolute timeout if the session is used; a confirmation restarts this timeout", async () => {
    const hour = 60 * MINUTE;
    const { app, store } = site({ idleTimeout: hour, absoluteTimeout: 12 * hour });
    const origin = await serve(app);
    let { cookie } = await send(origin, "POST /login/1");
    const useFor = async (time: number) => {
      for (let used = 0; used < time; used += hour / 2) {
        clock.tick(hour / 2);
        expect((await send(origin, `POST /note/${used}`, { cookie })).status).to.equal(200);
      }
    };
    await useFor(11 * hour);
    ({ cookie } = await send(origin, "POST /confirm", { cookie }));
    await useFor(11.5 * hour);
    clock.tick(hour / 2 - 1000);
    expect((await send(origin, "GET /me", { cookie })).status).to.equal(200);
    clock.tick(2000);
    expect((await send(origin, "GET /me", { cookie })).status).to.equal(401);
    expect(await store.countOf("1")).to.equal(0);
  });

  it("ends at the absolute timeout for an anonymous session too", async () => {
    const { app } = site({ idleTimeout: "1h", absoluteTimeout: "2h" });
    const origin = await serve(app);
    const { cookie } = await send(origin, "POST /note/0");
    const kept: string[] = [];
    for (let quarter = 0; quarter < 8; quarter++) {
      clock.tick(15 * MINUTE);
      kept.push((await send(origin, "GET /note", { cookie })).text);
      await send(origin, `POST /note/${quarter}`, { cookie });
    }
    expect(kept).to.deep.equal(['"0"', '"0"', '"1"', '"2"', '"3"', '"4"', '"5"', "null"]);
  });

  it("ends with the cookie if the cookie's maxAge is shorter than the idle timeout", async () => {
    const { app, store } = site({ idleTimeout: "1h", session: { cookie: { maxAge: 20 * MINUTE } } });
    app.post("/shorter", (req, res) => {
      req.session.cookie.maxAge = 10 * MINUTE;
      res.send("ok");
    });
    const origin = await serve(app);
    const longer = (await send(origin, "POST /login/1")).cookie;
    const shorter = (await send(origin, "POST /login/1")).cookie;
    await send(origin, "POST /shorter", { cookie: shorter });
    const left = async () => [
      await Promise.all([longer, shorter].map(async (cookie) => (await send(origin, "GET /note", { cookie })).text)),
      await store.countOf("1"),
    ];
    for (const cookie of [longer, shorter]) await send(origin, "POST /note/kept", { cookie });
    clock.tick(10 * MINUTE - 1);
    expect(await store.countOf("1")).to.equal(2);
    clock.tick(1);
    expect(await left()).to.deep.equal([['"kept"', "null"], 1]);
    clock.tick(20 * MINUTE);
    expect(await left()).to.deep.equal([["null", "null"], 0]);
  });

  it("ends at the absolute timeout even if the store keeps the record longer", async () => {
    const { app, login, store } = site({ idleTimeout: "10h", absoluteTimeout: "1h" });
    const ended = sinon.fake();
    login.on("loginEnded", ended);
    const origin = await serve(app);
    const { update, create } = store.inner;
    const forever = { expiresAt: Date.UTC(9999, 0) };
    store.inner.create = (id, record) => create.call(store.inner, id, { ...record, ...forever });
    store.inner.update = (id, record) => update.call(store.inner, id, { ...record, ...forever });
    const { cookie } = await send(origin, "POST /login/1");
    clock.tick(60 * MINUTE);
    expect((await send(origin, "GET /me", { cookie })).status).to.equal(401);
    expect(ended.args.map(([{ userId, reason }]) => [userId, reason])).to.deep.equal([["1", "absolute timeout"]]);
    expect(await store.countOf("1")).to.equal(0);
  });
});
