import { expect } from "chai";
import type { ErrorRequestHandler } from "express";
import sinon from "sinon";
import { countTrials, only, send } from "../support/raw-client.js";
import { serve } from "../support/server.js";
import { type Me, site } from "../support/site.js";
import { WatchedStore } from "../support/watched-store.js";

const from = (address: string, agent = "Browser/1") => ({ "x-forwarded-for": address, "user-agent": agent });
const HOME = from("192.0.2.1");

/** Logs Ann in from HOME. `me` sends another request with the same cookies. */
async function loggedIn(options: Parameters<typeof site>[0], { trustProxy = true } = {}) {
  const at = site(options);
  if (trustProxy) at.app.set("trust proxy", true);
  const protectedEvent = sinon.fake();
  at.login.on("sessionProtected", protectedEvent);
  const origin = await serve(at.app);
  const { cookie } = await send(origin, "POST /login/1", { headers: HOME, json: { remember: true } });
  return {
    ...at,
    origin,
    cookie,
    events: () => protectedEvent.args.map(([{ userId, mode }]) => [userId, mode]),
    me: async (headers: Record<string, string>, given = cookie) => {
      const answer = await send(origin, "GET /me", { headers, cookie: given });
      return answer.status === 200 ? (JSON.parse(answer.text) as Me) : answer;
    },
  };
}

describe("session protection", () => {
  for (const [what, headers] of [
    ["address", from("192.0.2.2")],
    ["User-Agent", from("192.0.2.1", "Browser/2")],
  ] as const) {
    it(`basic: another ${what} makes the login permanently not fresh`, async () => {
      const { me, events } = await loggedIn({});
      expect(await me(HOME)).to.include({ name: "Ann", fresh: true });
      expect(await me(headers)).to.include({ name: "Ann", fresh: false });
      expect(await me(HOME)).to.include({ name: "Ann", fresh: false });
      expect(events()).to.deep.equal([["1", "basic"]]);
    });

    it(`strong: another ${what} ends the session, removes both cookies and does not restore the login`, async () => {
      const { me, events, store, cookie } = await loggedIn({ sessionProtection: "strong" });
      expect(await me(HOME)).to.include({ name: "Ann", fresh: true });
      const refused = await me(headers);
      expect(refused).to.have.property("status", 401);
      const { headers: sent } = refused as { headers: { "set-cookie": string[] } };
      expect(sent["set-cookie"].map((one) => one.split(";")[0]).sort()).to.deep.equal(["remember=", "sid="]);
      expect(await store.countOf("1")).to.equal(0);
      expect(await me(HOME, only("sid", cookie))).to.have.property("status", 401);
      expect(events()).to.deep.equal([["1", "strong"]]);
    });
  }

  it("strong: another client ends the remembered browser too; its remember cookie restores no login", async () => {
    const store = new WatchedStore();
    const { me, cookie } = await loggedIn({ store, sessionProtection: "strong" });
    const remember = only("remember", cookie);
    expect(await me(from("192.0.2.2"), only("sid", cookie))).to.have.property("status", 401);
    expect(await me(HOME, remember)).to.have.property("status", 401);
  });

  it("false: another client changes nothing", async () => {
    const { me, events } = await loggedIn({ sessionProtection: false });
    expect(await me(from("192.0.2.2", "Browser/2"))).to.include({ name: "Ann", fresh: true });
    expect(events()).to.deep.equal([]);
  });

  it("turned on later: existing logins are not bound to a client", async () => {
    const before = await loggedIn({ sessionProtection: false });
    const after = await loggedIn({ store: before.store, sessionProtection: "strong" });
    const sid = only("sid", before.cookie);
    expect(await after.me(HOME, sid)).to.include({ name: "Ann", fresh: true });
    expect(await after.me(from("192.0.2.2"), sid)).to.include({ name: "Ann", fresh: true });
    expect(after.events()).to.deep.equal([]);
  });

  it("turned off later: existing logins are no longer bound to their client", async () => {
    const before = await loggedIn({ sessionProtection: "strong" });
    const after = await loggedIn({ store: before.store, sessionProtection: false });
    const sid = only("sid", before.cookie);
    expect(await after.me(from("192.0.2.2"), sid)).to.include({ name: "Ann", fresh: true });
    expect(after.events()).to.deep.equal([]);
  });

  it("100 forged X-Forwarded-For headers change nothing without trust proxy", async () => {
    const { me, events } = await loggedIn({ sessionProtection: "strong" }, { trustProxy: false });
    const same = await countTrials(100, async (n) => "fresh" in (await me(from(`10.0.0.${n}, 10.1.0.${n}`))));
    expect(same).to.equal(100);
    expect(events()).to.deep.equal([]);
  });

  it("uses the application's own fingerprint", async () => {
    const { me } = await loggedIn({
      sessionProtection: "strong",
      fingerprint: (req) => String(req.headers["user-agent"]).split("/")[0]!,
    });
    expect(await me(from("192.0.2.2", "Browser/2"))).to.include({ fresh: true });
    expect(await me(from("192.0.2.1", "Robot/1"))).to.have.property("status", 401);
  });

  for (const [given, shown] of [
    [undefined, "undefined"],
    [null, "null"],
    [5, "a number"],
    [Promise.resolve("client"), "a promise"],
  ] as const) {
    it(`a fingerprint that is ${shown} is an error at the login, and nothing is stored`, async () => {
      const at = site({ fingerprint: () => given as never });
      const errors: string[] = [];
      at.app.use(((error, _req, res, _next) => {
        errors.push(error.message);
        res.sendStatus(error.status);
      }) as ErrorRequestHandler);
      const { status, cookie } = await send(await serve(at.app), "POST /login/1", { json: { remember: true } });
      expect([status, cookie]).to.eql([500, ""]);
      expect(errors).to.eql([`fingerprint: expected it to return a string, not ${shown}`]);
      expect(at.store.calls).to.eql([]);
    });
  }

  it("a confirmation binds the login to the client that sends it", async () => {
    const { origin } = await loggedIn({});
    const { cookie } = await send(origin, "POST /login/1", { headers: HOME });
    const away = from("192.0.2.2");
    const confirmed = await send(origin, "POST /confirm", { headers: away, cookie });
    const me = await send(origin, "GET /me", { headers: away, cookie: confirmed.cookie });
    expect(JSON.parse(me.text)).to.include({ fresh: true });
  });
});
