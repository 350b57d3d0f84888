import { createHmac, randomUUID } from "node:crypto";
import { expect } from "chai";
import pgSimple from "connect-pg-simple";
import { RedisStore as ConnectRedis } from "connect-redis";
import ConnectRedis7 from "connect-redis7";
import express from "express";
import session, { type Store } from "express-session";
import {
  currentUser,
  isFresh,
  isRemembered,
  LoginManager,
  loginRequired,
  loginUser,
  logoutUser,
  MemoryStore,
  type SessionStore,
} from "latchkey";
import { type ImportOptions, importFrom, type OldSessionData } from "latchkey/session-imports";
import { createClient } from "redis";
import sinon from "sinon";
import { backendsHere, type Opened, shared } from "../support/backends.js";
import { Gate } from "../support/barrier.js";
import { Browser } from "../support/browser.js";
import { OLD_SECRET, type OldValues, oldApplication } from "../support/old-application.js";
import { type Person, people, SECRET } from "../support/people.js";
import { serve } from "../support/server.js";
import { trials } from "../support/trials.js";
import { WatchedStore } from "../support/watched-store.js";

const DAY = 86_400_000;
const RACES = trials(10_000, 1_000, 50);

/** A store of express-session, and a function that closes it. */
interface OpenedOld {
  store: Store;
  close(): Promise<void>;
}

const redisClient = async () => createClient({ url: (await shared.redis()).url }).connect();

const OLD: Array<{ name: string; backend: string; open(): Promise<OpenedOld> }> = [
  { name: "express-session's MemoryStore", backend: "memory", open: async () => openOld(new session.MemoryStore()) },
  {
    name: "connect-redis 9",
    backend: "redis",
    async open() {
      const client = await redisClient();
      return openOld(new ConnectRedis({ client }), () => client.close());
    },
  },
  {
    name: "connect-redis 7",
    backend: "redis",
    async open() {
      const client = await redisClient();
      return openOld(new ConnectRedis7({ client }), () => client.close());
    },
  },
  {
    name: "connect-pg-simple",
    backend: "sql on pg",
    async open() {
      const conString = (await shared.postgres()).url;
      const store = new (pgSimple(session))({ conString, createTableIfMissing: true, pruneSessionInterval: false });
      return openOld(store, () => store.close());
    },
  },
];

/** The application that replaces the old one. */
function newApplication(store: SessionStore, options: Partial<ImportOptions> & Pick<ImportOptions, "store">) {
  const { load, byId } = people();
  const login = new LoginManager<Person>({
    secret: SECRET,
    store,
    storeTimeout: "30s",
    userLoader: load,
    idleTimeout: "14d",
    session: {
      importFrom: importFrom({
        secret: OLD_SECRET,
        login: ({ passport }) => (passport as OldValues["passport"])?.user,
        ...options,
      }),
    },
  });
  const app = express();
  app.set("env", "test");
  login.init(app);
  app.get("/me", loginRequired(), async (req, res) => {
    const { id } = (await currentUser()) as Person;
    const { cart, passport } = req.session as OldValues;
    res.json({ id, cart, passport, fresh: await isFresh(req), remembered: await isRemembered(req) });
  });
  app.get("/cart", (req, res) => void res.json((req.session as OldValues).cart ?? null));
  app.post("/cart/:item", (req, res) => {
    (req.session as OldValues).cart = [req.params.item];
    res.send("added");
  });
  app.post("/login/:id", async (req, res) => {
    await loginUser(req, byId.get(req.params.id)!);
    res.send("welcome");
  });
  app.post("/logout", async (req, res) => {
    await logoutUser(req);
    res.send("bye");
  });
  return { app, login, byId };
}

const imported = { id: "1", cart: ["a-book"], fresh: false, remembered: false };

for (const { name, backend, open } of OLD) {
  const [here] = await backendsHere(backend);
  if (!here) continue;
  describe(`importing sessions from ${name}`, () => {
    let old: OpenedOld;
    let opened: Opened;
    before(async () => {
      [old, opened] = await Promise.all([open(), here.open()]);
    });
    after(async () => {
      await old?.close();
      await opened?.close();
    });

    it("keeps users logged in, with their values, and ends the old session", async () => {
      const { browser, ids } = await oldLogin(old.store);
      const after = newApplication(opened.store, { store: old.store });
      const site = await serve(after.app);
      for (let request = 0; request < 3; request++) {
        expect((await browser.get(`${site}/me`)).json()).to.eql(imported);
      }
      expect(await browser.cookie("sid")).to.be.a("string");
      expect(await rowOf(old.store, ids[0]!)).to.equal(null);
      await browser.post(`${site}/logout`);
      expect((await browser.get(`${site}/me`)).status).to.equal(401);
    });

    it("gives 20 concurrent first requests one session, also in two processes", async () => {
      for (const keep of [false, true]) {
        const { browser } = await oldLogin(old.store, "2");
        const another = (await opened.another?.()) ?? opened.store;
        const sites = await Promise.all(
          [opened.store, another].map((store) => serve(newApplication(store, { store: old.store, keep }).app)),
        );
        const before = await newApplication(opened.store, { store: old.store }).login.sessions.list("2");
        const answers = await Promise.all(Array.from({ length: 20 }, (_, i) => browser.get(`${sites[i % 2]}/me`)));
        expect(answers.map(({ status }) => status)).to.eql(Array(20).fill(200));
        const { login } = newApplication(opened.store, { store: old.store });
        expect((await login.sessions.list("2")).length - before.length).to.equal(1);
      }
    });

    it("keeps users logged in after a rollback, if the old sessions are kept", async () => {
      const { browser, site: before } = await oldLogin(old.store);
      const site = await serve(newApplication(opened.store, { store: old.store, keep: true }).app);
      for (const _ of [1, 2]) {
        expect((await browser.get(`${site}/me`)).json()).to.eql(imported);
        expect((await browser.get(`${before}/me`)).json()).to.eql({ id: "1", cart: ["a-book"] });
      }
    });

    it("ends the kept old session at a logout, and the imported login at a logout of the old application", async () => {
      const first = await oldLogin(old.store);
      const site = await serve(newApplication(opened.store, { store: old.store, keep: true }).app);
      await first.browser.get(`${site}/me`);
      await first.browser.post(`${site}/logout`);
      expect((await first.browser.get(`${site}/me`)).status).to.equal(401);
      expect((await first.browser.get(`${first.site}/me`)).json()).to.include({ id: null });
      const changes = ["/logout", "/end", "/as/2"];
      for (const change of changes) {
        const { browser, site: before } = await oldLogin(old.store);
        expect((await browser.get(`${site}/me`)).status).to.equal(200);
        await browser.post(`${before}${change}`);
        expect((await browser.get(`${site}/me`)).status, change).to.equal(401);
      }
    });
  });
}

describe("importing sessions", () => {
  const old = () => new session.MemoryStore();

  it("does not import a session again after its login was ended, even if the old session is kept", async () => {
    const from = old();
    const { browser, ids } = await oldLogin(from);
    const { app, login } = newApplication(new MemoryStore(), { store: from, keep: true });
    const site = await serve(app);
    await browser.get(`${site}/me`);
    await login.sessions.revokeAll("1");
    for (const _ of [1, 2]) expect((await browser.get(`${site}/me`)).status).to.equal(401);
    expect(await rowOf(from, ids[0]!)).to.equal(null);
  });

  it(`revives no login in ${RACES} races of a slow import with an import and a revocation`, async () => {
    const store = new MemoryStore();
    const from = old();
    const gates: Gate[] = [];
    const slow = Object.assign(Object.create(from) as Store, {
      get(sid: string, done: (error: unknown, found?: session.SessionData | null) => void) {
        from.get(
          sid,
          (error, found) =>
            void gates
              .at(-1)!
              .pass()
              .then(() => done(error, found)),
        );
      },
    });
    const [first, second] = [
      newApplication(store, { store: slow, keep: true }),
      newApplication(store, { store: from }),
    ];
    const [slowSite, site] = [await serve(first.app), await serve(second.app)];
    let revived = 0;
    for (let trial = 0; trial < RACES; trial++) {
      gates.push(new Gate());
      const sid = await putOld(from, { passport: { user: "1" } });
      const [one, other] = [browserOf(sid), browserOf(sid)];
      const answer = one.get(`${slowSite}/me`);
      await gates.at(-1)!.arrived();
      expect((await other.get(`${site}/me`)).status).to.equal(200);
      await second.login.sessions.revokeAll("1");
      gates.at(-1)!.open();
      if ((await answer).status !== 401 || (await one.get(`${slowSite}/me`)).status !== 401) revived++;
    }
    expect(revived).to.equal(0);
  });

  it("logs nobody in by another old session of the browser after a logout", async () => {
    for (const keep of [true, false]) {
      const from = old();
      const site = await serve(newApplication(new MemoryStore(), { store: from, keep }).app);
      const sid = await putOld(from, { passport: { user: "2" } });
      for (const id of ["1", null]) {
        const browser = browserOf("earlier");
        await browser.post(`${site}/cart/a-book`);
        setOldCookie(browser, sid); // as after a login in a process of the old application
        if (id !== null) await browser.post(`${site}/login/${id}`);
        await browser.post(`${site}/logout`);
        expect((await browser.get(`${site}/me`)).status).to.equal(401);
        expect((await browserOf(sid).get(`${site}/me`)).status).to.equal(401);
        expect(await rowOf(from, sid)).to.equal(null);
      }
    }
  });

  it("brings no login back after a logout, whichever call to the new store failed in its import", async () => {
    for (const keep of [true, false]) {
      for (let failing = 1, isOver = false; !isOver; failing++) {
        const from = old();
        const store = failingOnceAt(failing);
        const site = await serve(newApplication(store, { store: from, keep }).app);
        const browser = browserOf(await putOld(from, { passport: { user: "1" } }));
        isOver = (await browser.get(`${site}/me`)).status === 200;
        expect((await browser.get(`${site}/me`)).status, `call ${failing}`).to.equal(200);
        expect((await browser.post(`${site}/logout`)).status).to.equal(200);
        expect((await browser.get(`${site}/me`)).status, `call ${failing}, after the logout`).to.equal(401);
      }
    }
  });

  describe("later", () => {
    let clock: sinon.SinonFakeTimers;
    beforeEach(() => {
      clock = sinon.useFakeTimers({ now: Date.now(), toFake: ["Date"] });
    });
    afterEach(() => clock.restore());

    it("keeps a user logged in, whichever call to the new store failed in the import", async () => {
      for (let failing = 1, isOver = false; !isOver; failing++) {
        const from = old();
        const store = failingOnceAt(failing);
        const site = await serve(newApplication(store, { store: from }).app);
        const browser = browserOf(await putOld(from, { passport: { user: "1" } }));
        isOver = (await browser.get(`${site}/me`)).status === 200;
        expect((await browser.get(`${site}/me`)).status).to.equal(200);
        clock.tick(31_000);
        expect((await browser.get(`${site}/me`)).status, `call ${failing}`).to.equal(200);
      }
    });

    it("does not import a kept session again after a revocation, however long the session was used", async () => {
      const from = old();
      const { app, login } = newApplication(new MemoryStore(), { store: from, keep: true });
      const site = await serve(app);
      const expires = new Date(Date.now() + 30 * DAY).toISOString();
      const sid = await putOld(from, { passport: { user: "1" } }, { originalMaxAge: 30 * DAY, expires });
      const browser = browserOf(sid);
      for (const _ of [1, 2]) {
        expect((await browser.get(`${site}/me`)).status).to.equal(200);
        clock.tick(10 * DAY);
      }
      await browser.get(`${site}/me`);
      await login.sessions.revokeAll("1");
      clock.tick(20 * DAY);
      expect(await rowOf(from, sid)).to.be.an("object");
      expect((await browserOf(sid).get(`${site}/me`)).status).to.equal(401);
    });
  });

  it("imports a session whose cookie has an invalid date", async () => {
    const from = old();
    const site = await serve(newApplication(new MemoryStore(), { store: from }).app);
    const browser = browserOf(await putOld(from, { passport: { user: "1" } }, { expires: "soon" }));
    for (const _ of [1, 2]) expect((await browser.get(`${site}/me`)).status).to.equal(200);
  });

  it("logs nobody in by a deleted session, a forged cookie, an unknown user or a value named auth", async () => {
    const from = old();
    const site = await serve(newApplication(new MemoryStore(), { store: from }).app);
    const status = async (browser: Browser) => (await browser.get(`${site}/me`)).status;
    expect(await status(browserOf("never-there"))).to.equal(401);
    const sid = await putOld(from, { passport: { user: "1" } });
    expect(await status(browserOf(sid, "another secret"))).to.equal(401);
    expect(await status(browserOf(await putOld(from, { passport: { user: "nobody" } })))).to.equal(401);
    const auth = { userId: "1", loginId: "x", loginAt: Date.now(), freshAt: Date.now(), remembered: false };
    const texts = { fingerprint: null, stamp: null, series: null, address: null, userAgent: null };
    expect(await status(browserOf(await putOld(from, { auth: { ...auth, ...texts } })))).to.equal(401);
    expect(await status(browserOf(sid))).to.equal(200);
  });

  it("imports the session of an anonymous visitor", async () => {
    const from = old();
    const site = await serve(newApplication(new MemoryStore(), { store: from }).app);
    const browser = browserOf(await putOld(from, { cart: ["a-book"] }));
    for (const _ of [1, 2]) expect((await browser.get(`${site}/cart`)).json()).to.eql(["a-book"]);
    expect((await browser.get(`${site}/me`)).status).to.equal(401);
  });

  it("keeps the lifetime of the cookie", async () => {
    const from = old();
    const before = await serve(oldApplication(from, { maxAge: 14 * DAY }));
    const browser = new Browser(before, { accept: "application/json" });
    await browser.post("/login", { json: { username: "1", password: "right" } });
    const site = await serve(newApplication(new MemoryStore(), { store: from }).app);
    const [cookie] = (await browser.get(`${site}/me`)).cookies;
    const expires = new Date(/Expires=([^;]+)/.exec(cookie!)![1]!).getTime();
    expect(expires - Date.now()).to.be.within(13.9 * DAY, 14 * DAY);
  });

  it("answers 503 while the old store fails, except for users who were imported", async () => {
    const from = old();
    let fails = false;
    const failing = Object.assign(Object.create(from) as Store, {
      get(sid: string, done: (error: unknown, found?: session.SessionData | null) => void) {
        if (fails) done(new Error("the old store is down"));
        else from.get(sid, done);
      },
    });
    const site = await serve(newApplication(new MemoryStore(), { store: failing }).app);
    const [first, second] = [
      browserOf(await putOld(from, { passport: { user: "1" } })),
      browserOf(await putOld(from, { passport: { user: "2" } })),
    ];
    expect((await first.get(`${site}/me`)).status).to.equal(200);
    fails = true;
    expect((await first.get(`${site}/me`)).status).to.equal(200);
    expect((await second.get(`${site}/me`)).status).to.equal(503);
    fails = false;
    expect((await second.get(`${site}/me`)).status).to.equal(200);
  });

  it("tries again after the user loader has failed", async () => {
    const from = old();
    const { app, login, byId } = newApplication(new MemoryStore(), { store: from });
    const site = await serve(app);
    const browser = browserOf(await putOld(from, { passport: { user: "1" } }));
    login.userLoader(() => Promise.reject(new Error("the database is down")));
    expect((await browser.get(`${site}/me`)).status).to.equal(500);
    login.userLoader((id) => byId.get(id));
    expect((await browser.get(`${site}/me`)).status).to.equal(200);
  });

  it("rejects options that are wrong or missing", () => {
    const make = (options: object) => () => importFrom(options as never);
    const store = old();
    expect(make({ secret: OLD_SECRET })).to.throw("session.importFrom.store: it is required");
    expect(make({ store })).to.throw("session.importFrom.secret: it is required");
    expect(make({ store: {}, secret: OLD_SECRET })).to.throw(
      "expected a store of express-session, but it has no get()",
    );
    expect(make({ store, secret: [] })).to.throw("expected the secret of express-session");
    expect(make({ store, secret: OLD_SECRET, keep: 1 })).to.throw("session.importFrom.keep: expected true or false");
  });
});

/** A store whose call with this number fails. */
function failingOnceAt(failing: number): WatchedStore {
  const store = new WatchedStore();
  let calls = 0;
  store.before = () => {
    if (++calls === failing) throw new Error("the store is down");
  };
  return store;
}

/** A browser with the cookie of an old session. */
function browserOf(sid: string, secret = OLD_SECRET): Browser {
  const browser = new Browser("http://127.0.0.1", { accept: "application/json" });
  setOldCookie(browser, sid, secret);
  return browser;
}

function setOldCookie(browser: Browser, sid: string, secret = OLD_SECRET): void {
  const signature = createHmac("sha256", secret).update(sid).digest("base64").replace(/=+$/, "");
  browser.jar.setCookieSync(`connect.sid=${encodeURIComponent(`s:${sid}.${signature}`)}; Path=/`, browser.origin);
}

function openOld(store: Store, close: () => unknown = () => {}): OpenedOld {
  return { store, close: async () => void (await close()) };
}

function rowOf(store: Store, sid: string): Promise<session.SessionData | null> {
  return new Promise((resolve, reject) => {
    store.get(sid, (error, found) => (error ? reject(error) : resolve(found ?? null)));
  });
}

/** Logs a user in to the old application, and puts a book into the cart. */
async function oldLogin(store: Store, username = "1") {
  const site = await serve(oldApplication(store));
  const browser = new Browser(site, { accept: "application/json" });
  await browser.post("/login", { json: { username, password: "right" } });
  await browser.post("/cart/a-book");
  expect((await browser.get("/me")).json()).to.eql({ id: username, cart: ["a-book"] });
  const value = decodeURIComponent((await browser.cookie("connect.sid"))!);
  return { browser, site, ids: [value.slice(2, value.lastIndexOf("."))] };
}

/** Stores a session as express-session does, and returns its id. */
async function putOld(store: Store, values: OldSessionData, lifetime: object = {}): Promise<string> {
  const sid = randomUUID();
  const cookie = { originalMaxAge: null, expires: null, httpOnly: true, path: "/", ...lifetime };
  await new Promise((resolve) => store.set(sid, { ...values, cookie } as never, resolve));
  return sid;
}
