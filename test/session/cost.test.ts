import { expect } from "chai";
import sinon from "sinon";
import { countTrials, send } from "../support/raw-client.js";
import { serve } from "../support/server.js";
import { site } from "../support/site.js";
import { trials } from "../support/trials.js";

const MINUTE = 60_000;
const COOKIES = trials(10_000, 10_000, 2000);

describe("store calls per request", () => {
  let clock: sinon.SinonFakeTimers;
  beforeEach(() => {
    clock = sinon.useFakeTimers({ now: Date.now(), toFake: ["Date"] });
  });
  afterEach(() => sinon.restore());

  /** A site where Ann is logged in. The store calls of her login are not counted. */
  async function loggedIn() {
    const { app, ann, store, login } = site();
    const load = sinon.fake.returns(ann);
    login.userLoader(load);
    const origin = await serve(app);
    const { cookie } = await send(origin, "POST /login/1");
    store.calls = [];
    return { store, load, origin, cookie };
  }

  it("a public route with a logged-in cookie: 1 read, no user loaded", async () => {
    const { store, load, origin, cookie } = await loggedIn();
    expect((await send(origin, "GET /public", { cookie })).text).to.equal("hello");
    expect(store.calls).to.deep.equal(["read"]);
    expect(load.callCount).to.equal(0);
  });

  it("a guarded route that changes nothing: 1 read, 0 writes, 1 user loaded", async () => {
    const { store, load, origin, cookie } = await loggedIn();
    expect((await send(origin, "GET /me", { cookie })).status).to.equal(200);
    expect(store.calls).to.deep.equal(["read"]);
    expect(load.callCount).to.equal(1);
  });

  it("a login: 1 create; if there was a session, also 1 read before and 1 destroy after", async () => {
    const { app, store } = site();
    const origin = await serve(app);
    await send(origin, "POST /login/1");
    expect(store.calls).to.deep.equal(["create"]);
    const { cookie } = await send(origin, "POST /note/cart");
    store.calls = [];
    await send(origin, "POST /login/1", { cookie });
    expect(store.calls).to.deep.equal(["read", "create", "destroy"]);
  });

  it("a request without a cookie: no calls", async () => {
    const { app, store } = site();
    const origin = await serve(app);
    await send(origin, "GET /public");
    await send(origin, "GET /me");
    await send(origin, "GET /note");
    expect(store.calls).to.deep.equal([]);
  });

  it(`${COOKIES} unknown cookies: nothing stored, no cookie set, and 1 read for each signed cookie`, async () => {
    const { app, store } = site();
    const origin = await serve(app);
    const { cookie } = await send(origin, "POST /login/1");
    await send(origin, "POST /logout", { cookie });
    store.calls = [];
    const quiet = await countTrials(COOKIES, async (index) => {
      const guess = index < 100 ? cookie : `sid=s%3A${String(index).padStart(32, "x")}.${"A".repeat(43)}`;
      const { status, headers } = await send(origin, index % 2 ? "GET /me" : "GET /note", { cookie: guess });
      return status === (index % 2 ? 401 : 200) && headers["set-cookie"] === undefined;
    });
    expect(quiet).to.equal(COOKIES);
    expect(store.calls).to.deep.equal(Array(100).fill("read"));
  });

  for (const { idleTimeout, interval } of [
    { idleTimeout: 5 * MINUTE, interval: MINUTE / 2 },
    { idleTimeout: 24 * 60 * MINUTE, interval: MINUTE },
  ]) {
    it(`idle timeout of ${idleTimeout / MINUTE} minutes: 1 touch in ${interval / 1000} seconds`, async () => {
      const { app, store } = site({ idleTimeout });
      const origin = await serve(app);
      const { cookie } = await send(origin, "POST /login/1");
      const touches = async (wait: number) => {
        clock.tick(wait);
        store.calls = [];
        await send(origin, "GET /me", { cookie });
        return store.calls.filter((verb) => verb !== "read");
      };
      expect(await touches(interval - 1)).to.deep.equal([]);
      expect(await touches(1)).to.deep.equal(["touch"]);
      expect(await touches(interval - 1)).to.deep.equal([]);
      expect(await touches(1)).to.deep.equal(["touch"]);
    });
  }

  it("a changed value: 1 update; the same value again or a second save: no more updates", async () => {
    const { app, store } = site();
    app.post("/twice", (req, res, next) => {
      req.session.note = "b";
      req.session.save((error?: unknown) => (error ? next(error) : res.send("ok")));
    });
    const origin = await serve(app);
    const { cookie } = await send(origin, "POST /login/1");
    store.calls = [];
    await send(origin, "POST /note/a", { cookie });
    await send(origin, "POST /note/a", { cookie });
    await send(origin, "POST /twice", { cookie });
    expect(store.calls).to.deep.equal(["read", "update", "read", "read", "update"]);
  });
});
