import { expect } from "chai";
import sinon from "sinon";
import { only, send } from "../support/raw-client.js";
import { storedBrowsers, storedSessions } from "../support/records.js";
import { serve } from "../support/server.js";
import { site } from "../support/site.js";
import { WatchedStore } from "../support/watched-store.js";

const MINUTE = 60_000;

describe("a logout in a remembered browser", () => {
  let clock: sinon.SinonFakeTimers;
  beforeEach(() => {
    clock = sinon.useFakeTimers({ now: Date.now(), toFake: ["Date"] });
  });
  afterEach(() => sinon.restore());

  /** A site, and the cookies of three restores of one browser, each two minutes after the one before. */
  async function restored() {
    const store = new WatchedStore();
    const { app, login } = site({ store });
    const told: string[] = [];
    for (const name of ["rememberTokenStale", "rememberTokenStolen", "loggedOut"] as const)
      login.on(name, () => told.push(name));
    const origin = await serve(app);
    const cookies = [(await send(origin, "POST /login/1", { json: { remember: true } })).cookie];
    while (cookies.length < 3) {
      clock.tick(2 * MINUTE);
      cookies.push((await send(origin, "GET /me", { cookie: only("remember", cookies.at(-1)!) })).cookie);
    }
    clock.tick(2 * MINUTE);
    const last = cookies[2]!;
    expect((await send(origin, "GET /me", { cookie: last })).status).to.equal(200);
    const logOut = (remember: string) =>
      send(origin, "POST /logout", { cookie: `${only("sid", last)}; ${only("remember", remember)}` });
    const left = async () => [
      (await storedSessions(store.inner, "1")).length,
      (await storedBrowsers(store.inner, "1")).length,
    ];
    store.calls = [];
    return { store, told, origin, cookies, last, logOut, left };
  }

  it("ends the browser and the session in two calls, and reads only the session", async () => {
    const { store, told, last, logOut, left } = await restored();
    expect((await logOut(last)).status).to.equal(200);
    expect(store.calls).to.eql(["read", "browser.destroy", "destroy"]);
    expect([await left(), told]).to.eql([[0, 0], ["loggedOut"]]);
  });

  for (const [which, generation, event] of [
    ["the previous", 1, "rememberTokenStale"],
    ["an older", 0, "rememberTokenStolen"],
  ] as const) {
    it(`raises the alarm once if the request has ${which} token beside the session`, async () => {
      const { told, origin, cookies, last, logOut, left } = await restored();
      expect((await logOut(cookies[generation]!)).status).to.equal(200);
      expect(await left()).to.eql([0, 0]);
      expect(told).to.eql([event, "loggedOut"]);
      for (const cookie of [last, ...cookies]) expect((await send(origin, "GET /me", { cookie })).status).to.equal(401);
      expect(told.length).to.equal(2);
    });

    it(`without a session, ${which} token raises the alarm again if the store failed during the first`, async () => {
      const { store, told, origin, cookies, left } = await restored();
      const logOut = () => send(origin, "POST /logout", { cookie: only("remember", cookies[generation]!) });
      store.before = (verb) => (verb === "browser.destroy" ? Promise.reject(new Error("down")) : undefined);
      expect((await logOut()).status).to.equal(503);
      expect(told).to.eql([]);
      store.before = () => undefined;
      expect((await logOut()).status).to.equal(200);
      expect([await left(), told]).to.eql([[0, 0], [event]]);
    });
  }

  for (const failing of ["browser.destroy", "destroy"] as const) {
    it(`can be repeated if the store fails at ${failing}: until then, the user is logged in and keeps the cookies`, async () => {
      const { store, told, origin, last, logOut, left } = await restored();
      store.before = (verb) => (verb === failing ? Promise.reject(new Error("down")) : undefined);
      const failed = await logOut(last);
      expect([failed.status, failed.headers["set-cookie"]]).to.eql([503, undefined]);
      expect((await send(origin, "GET /me", { cookie: only("sid", last) })).status).to.equal(200);
      store.before = () => undefined;
      expect((await logOut(last)).status).to.equal(200);
      expect([await left(), told]).to.eql([[0, 0], ["loggedOut"]]);
      expect((await send(origin, "GET /me", { cookie: last })).status).to.equal(401);
    });
  }

  it("with the cookie of another browser ends both browsers", async () => {
    const { told, origin, last, left } = await restored();
    const other = (await send(origin, "POST /login/1", { json: { remember: true } })).cookie;
    expect(await left()).to.eql([2, 2]);
    await send(origin, "POST /logout", { cookie: `${only("sid", last)}; ${only("remember", other)}` });
    expect([await left(), told]).to.eql([[0, 0], ["loggedOut"]]);
  });
});
