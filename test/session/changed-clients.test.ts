import { expect } from "chai";
import type { LoginManagerOptions } from "latchkey";
import sinon from "sinon";
import { backendsHere, type Opened } from "../support/backends.js";
import { Gate } from "../support/barrier.js";
import type { Person } from "../support/people.js";
import { send, sidIn } from "../support/raw-client.js";
import { recordId } from "../support/records.js";
import { serve } from "../support/server.js";
import { site } from "../support/site.js";
import { WatchedStore } from "../support/watched-store.js";

const AT_ONCE = 100;
const HOME = { "user-agent": "Browser/1" };
const AWAY = { "user-agent": "Browser/2" };
const backends = await backendsHere("memory", "redis", "sql on pg");

/** A site with the events of its session protection. Requests to `/late` wait after their user is loaded. */
async function protectedSite(store: WatchedStore, options: Partial<LoginManagerOptions<Person>> = {}) {
  const { app, login } = site({ ...options, store });
  const told: string[] = [];
  login.on("sessionProtected", () => told.push("sessionProtected"));
  login.on("loginEnded", () => told.push("loginEnded"));
  const late = new Gate();
  app.get("/late", (_req, res, next) => {
    void login.currentUser().then(async () => {
      await late.pass();
      res.send("late");
    }, next);
  });
  // The test client opens 64 connections to one address.
  const origins = [await serve(app), await serve(app)];
  const from = (headers: Record<string, string>, line: string, cookie?: string) =>
    send(origins[0]!, line, { headers, ...(cookie ? { cookie } : {}) });
  /** Sends 100 requests at once, from another client than the login. */
  const away = (line: string, cookie: string) =>
    Promise.all(Array.from({ length: AT_ONCE }, (_, n) => send(origins[n % 2]!, line, { cookie, headers: AWAY })));
  return { told, late, from, away };
}

describe("a client that changes", () => {
  let opened: Opened | undefined;
  afterEach(async () => {
    sinon.restore();
    await opened?.close();
    opened = undefined;
  });

  for (const { name, open } of backends) {
    it(`${name}: costs one write and one event in ${AT_ONCE} requests at once, and in all later ones`, async () => {
      opened = await open();
      const store = new WatchedStore(opened.store);
      const { told, late, from, away } = await protectedSite(store);
      const { cookie } = await from(HOME, "POST /login/1");
      const id = recordId("session", sidIn(cookie)!);
      const writes = async () => (await store.inner.read(id))!.revision;
      store.calls = [];
      const waiting = away("GET /late", cookie);
      await late.arrived(AT_ONCE);
      late.open();
      expect((await waiting).filter(({ status }) => status !== 200)).to.eql([]);
      expect([await writes(), told]).to.eql([1, ["sessionProtected"]]);
      expect(store.calls.filter((verb) => verb === "update").length).to.equal(1);
      await away("GET /me", cookie);
      expect([await writes(), told]).to.eql([1, ["sessionProtected"]]);
      expect((await from(HOME, "GET /me", cookie)).text).to.include('"fresh":false');
      expect([await writes(), told]).to.eql([1, ["sessionProtected"]]);
    });

    it(`${name}: costs one write also if a request ends long after the others`, async () => {
      opened = await open();
      const store = new WatchedStore(opened.store);
      const { told, late, from, away } = await protectedSite(store);
      const { cookie } = await from(HOME, "POST /login/1");
      const waiting = away("GET /late", cookie);
      await late.arrived(AT_ONCE);
      await from(AWAY, "GET /me", cookie);
      late.open();
      expect((await waiting).filter(({ status }) => status !== 200)).to.eql([]);
      const { revision } = (await store.inner.read(recordId("session", sidIn(cookie)!)))!;
      expect([revision, told]).to.eql([1, ["sessionProtected"]]);
    });
  }

  it("costs one write in two processes, and one event in each", async () => {
    const store = new WatchedStore();
    const sites = [await protectedSite(store), await protectedSite(new WatchedStore(store.inner))];
    const { cookie } = await sites[0]!.from(HOME, "POST /login/1");
    const waiting = sites.map(({ away }) => away("GET /late", cookie));
    await Promise.all(sites.map(({ late }) => late.arrived(AT_ONCE)));
    for (const { late } of sites) late.open();
    await Promise.all(waiting);
    expect((await store.inner.read(recordId("session", sidIn(cookie)!)))!.revision).to.equal(1);
    expect(sites.map(({ told }) => told)).to.eql([["sessionProtected"], ["sessionProtected"]]);
  });

  it("strong: ends the session, with one event of each kind", async () => {
    const store = new WatchedStore();
    const { told, from, away } = await protectedSite(store, { sessionProtection: "strong" });
    const { cookie } = await from(HOME, "POST /login/1");
    const reads = new Gate();
    store.before = (verb) => (verb === "read" ? reads.pass() : undefined);
    const waiting = away("GET /me", cookie);
    await reads.arrived(AT_ONCE);
    reads.open();
    expect((await waiting).filter(({ status }) => status !== 401)).to.eql([]);
    expect(told).to.eql(["sessionProtected", "loginEnded"]);
  });

  it("is reported again for another client, and after a confirmation", async () => {
    const { told, from } = await protectedSite(new WatchedStore());
    let { cookie } = await from(HOME, "POST /login/1");
    await from(AWAY, "GET /me", cookie);
    await from({ "user-agent": "Browser/3" }, "GET /me", cookie);
    expect(told.length).to.equal(2);
    await new Promise((resolve) => setTimeout(resolve, 2)); // a later login
    ({ cookie } = await from(HOME, "POST /confirm", cookie));
    await from(HOME, "GET /me", cookie);
    expect(told.length).to.equal(2);
    expect((await from(AWAY, "GET /me", cookie)).text).to.include('"fresh":false');
    expect(told.length).to.equal(3);
  });
});
