import { expect } from "chai";
import expressSession from "express-session";
import { confirmLogin, type LoginInfo, LoginManager } from "latchkey";
import { ExpressSessionStore } from "latchkey/stores/express-session";
import sinon from "sinon";
import { accountSite, browsersOf, idOf, shown, statuses } from "../support/account-site.js";
import { backendsHere, type Opened } from "../support/backends.js";
import { Browser } from "../support/browser.js";
import { factorSite } from "../support/factor-site.js";
import { type Person, people, SECRET } from "../support/people.js";
import { send } from "../support/raw-client.js";
import { endStoredSessions, storedBrowsers, storedSessions } from "../support/records.js";
import { serve } from "../support/server.js";
import { site } from "../support/site.js";
import { WatchedStore } from "../support/watched-store.js";

const DETAILS = { label: "Ann's laptop", data: { app: "web", seen: [1, { deep: null }] } };
const LONG = "x".repeat(100);
const FAMILY = "👩‍👩‍👧";

/** Values that are not labels, and what the error says about each. */
const NO_LABELS: Array<[value: unknown, told: string]> = [
  [1, "a number"],
  [{}, "object"],
  [["Ann"], "an array"],
  ["", "an empty string"],
  [" \t\n ", "an empty string"],
  [`${LONG}x`, "101 characters"],
  ["Ann\0", "control characters"],
  ["one\ntwo", "control characters"],
  ["one\u2028two", "control characters"],
  ["\x1b[31mred", "control characters"],
  ["abc\u202egnp", "control characters"],
  ["abc\ud800", "control characters"],
  ["\u200b", "a string of invisible characters"],
  ["\u200e\u200f\u061c", "a string of invisible characters"],
  [" \u2060 \u200d\ufe0f\u00ad ", "a string of invisible characters"],
  ["\u3164\u2800", "a string of invisible characters"],
  ["\u{e0041}", "a string of invisible characters"],
];

const circle: Record<string, unknown> = {};
circle.self = circle;

/** Values that are not data of a login, and what the error says about each. */
const NO_DATA: Array<[value: unknown, told: string]> = [
  [null, "data: expected an object of JSON values, not null"],
  ["text", "data: expected an object of JSON values, not a string"],
  [[1], "data: expected an object of JSON values, not an array"],
  [new Date(), "data: expected an object of JSON values, not object"],
  [new Map([["a", 1]]), "data: expected an object of JSON values, not object"],
  [{ a: undefined }, "data.a: expected a JSON value, not undefined"],
  [{ a: [1, Number.NaN] }, "data.a.1: expected a JSON value, not a number"],
  [{ a: 1n }, "data.a: expected a JSON value, not a bigint"],
  [{ a: { b: () => 1 } }, "data.a.b: expected a JSON value, not a function"],
  [{ a: new Date() }, "data.a: expected a JSON value, not object"],
  [circle, "expected a JSON value, not a circle"],
  [{ a: "x".repeat(1017) }, "data: expected at most 1024 bytes as JSON, not 1025"],
  [{ a: "é".repeat(509) }, "data: expected at most 1024 bytes as JSON, not 1026"],
];

const here = await backendsHere();

describe("the label and the data of a login", () => {
  let clock: sinon.SinonFakeTimers;
  beforeEach(() => {
    clock = sinon.useFakeTimers({ now: Date.now(), toFake: ["Date"] });
  });
  afterEach(() => sinon.restore());

  for (const { name, open } of here) {
    describe(`on ${name}`, () => {
      let opened: Opened;
      beforeEach(async () => {
        opened = await open();
      });
      afterEach(() => opened?.close());

      const described = async (browser: Browser) => {
        const list = await shown(browser);
        return list.map(({ label, data, current }) => ({ label, data, current }));
      };

      it("stay when the login is confirmed, restored and renewed, until the next login", async () => {
        const { origin } = await accountSite({ store: opened.store });
        for (const remember of [true, false]) {
          const [browser] = (await browsersOf(origin, 1, { remember, ...DETAILS })) as [Browser];
          const changes = remember ? ["/confirm", "restart", "/confirm", "restart", "cooldown"] : ["/confirm"];
          for (const change of [...changes, "/password", "/note/x", "/password"]) {
            clock.tick(600_000);
            if (change.startsWith("/")) expect((await browser.post(change)).status, change).to.equal(200);
            else await browser.restart();
            if (change === "cooldown") {
              await browser.get("/me");
              await browser.restart(); // within a minute of the last restore: this restore is only for one request
            }
            expect(await described(browser), change).to.deep.equal([{ ...DETAILS, current: true }]);
          }
          await browser.post("/login/1");
          expect(await described(browser)).to.deep.equal([{ label: null, data: null, current: true }]);
          await browser.post("/logout");
        }
      });

      it("are listed without a session, from the record of the browser", async () => {
        const { origin, login } = await accountSite({ store: opened.store });
        const [browser] = (await browsersOf(origin, 1, { remember: true, ...DETAILS })) as [Browser];
        await endStoredSessions(opened.store, "1");
        const [listed] = (await login.sessions.list("1")) as [LoginInfo];
        expect(listed).to.deep.include(DETAILS);
        expect(await login.sessions.rename("1", listed.id, "renamed")).to.equal(true);
        expect((await login.sessions.list("1"))[0]).to.deep.include({ ...DETAILS, label: "renamed" });
        expect(await described(browser)).to.deep.equal([{ ...DETAILS, label: "renamed", current: true }]);
      });

      it("stay when a login is completed", async () => {
        const { app, login } = factorSite({ store: new WatchedStore(opened.store) }, (manager, at) => manager.init(at));
        const browser = new Browser(await serve(app), { accept: "application/json" });
        await browser.post("/login/1", { json: { methods: ["pwd"], remember: true, ...DETAILS } });
        expect(await login.sessions.list("1")).to.deep.equal([]);
        expect(await login.sessions.rename("1", loginIdIn(await storedSessions(opened.store, "1")), "x")).to.equal(
          false,
        );
        await browser.post("/confirm", { json: { methods: ["otp"] } });
        expect((await login.sessions.list("1"))[0]).to.deep.include(DETAILS);
        await browser.restart();
        await browser.get("/who");
        const [restored] = (await login.sessions.list("1")) as [LoginInfo];
        expect(restored).to.deep.include({ ...DETAILS, remembered: true });
      });

      it("renamed: the label changes everywhere, is removed by null, and stays in all that follows", async () => {
        const { origin } = await accountSite({ store: opened.store });
        const [own, other] = (await browsersOf(origin, 2, { remember: true, ...DETAILS })) as [Browser, Browser];
        const id = await idOf(other);
        const labels = async () => (await shown(own)).map(({ label }) => label).sort();
        expect((await own.post(`/rename/${id}`, { json: { label: `  ${FAMILY} über\u00a0` } })).json()).to.equal(true);
        expect(await labels()).to.deep.equal([DETAILS.label, `${FAMILY} über`]);
        for (const change of ["/me", "/confirm", "restart", "/confirm", "/password", "restart"]) {
          clock.tick(600_000);
          if (change === "restart") await other.restart();
          else if (change === "/me") await other.get(change);
          else await other.post(change);
          const [current] = (await shown(other)).filter((one) => one.current);
          expect(current, change).to.deep.include({ id, label: `${FAMILY} über`, data: DETAILS.data });
        }
        expect((await other.post(`/rename/${id}`, { json: { label: null } })).json()).to.equal(true);
        await other.post("/confirm");
        await other.restart();
        expect((await shown(other)).find((one) => one.current)).to.deep.include({ id, label: null });
      });

      it("renamed twice in the same millisecond: the second label counts", async () => {
        const { origin } = await accountSite({ store: opened.store });
        const [browser] = (await browsersOf(origin, 1, { remember: true })) as [Browser];
        const id = await idOf(browser);
        for (const label of ["z", "a", null, "m"]) {
          await browser.post(`/rename/${id}`, { json: { label } });
          expect((await shown(browser))[0]).to.include({ label });
        }
      });

      it("renamed: neither the browser's token nor another value of the session changes", async () => {
        const { origin } = await accountSite({ store: opened.store });
        const [browser] = (await browsersOf(origin, 1, { remember: true })) as [Browser];
        await browser.post("/note/kept");
        const before = [...(await storedSessions(opened.store, "1")), ...(await storedBrowsers(opened.store, "1"))];
        clock.tick(1000);
        await browser.post(`/rename/${await idOf(browser)}`, { json: { label: "renamed" } });
        const after = [...(await storedSessions(opened.store, "1")), ...(await storedBrowsers(opened.store, "1"))];
        const named = { label: "renamed", labeledAt: Date.now() };
        const expected = before.map(({ data, revision, ...rest }) => {
          const { auth, login = {} } = data as { auth?: object; login?: object };
          const changed = auth ? { ...data, auth: { ...auth, ...named } } : { ...data, login: { ...login, ...named } };
          return { ...rest, revision: revision + 1, data: changed };
        });
        expect(after).to.deep.equal(expected);
      });

      it("cannot be renamed by another user, or after the login has ended", async () => {
        const { login, origin } = await accountSite({ store: opened.store });
        const [ann] = (await browsersOf(origin, 1, { remember: true, ...DETAILS })) as [Browser];
        const [bob] = (await browsersOf(origin, 1, {}, "2")) as [Browser];
        const id = await idOf(ann);
        expect((await bob.post(`/rename/${id}`, { json: { label: "mine" } })).json()).to.equal(false);
        expect((await shown(ann))[0]).to.deep.include(DETAILS);
        for (const hostile of [undefined, null, "", {}, [], { $ne: 1 }, 1, "x".repeat(65536)]) {
          expect(await login.sessions.rename("1", hostile as string, "mine")).to.equal(false);
        }
        expect((await shown(ann))[0]).to.deep.include(DETAILS);
        await ann.post("/logout");
        expect(await login.sessions.rename("1", id, "late")).to.equal(false);
        expect([...(await storedSessions(opened.store, "1")), ...(await storedBrowsers(opened.store, "1"))]).to.eql([]);
      });
    });
  }

  it("are rejected if they are invalid, before anything is done", async () => {
    const { app, ann, login, store } = site();
    app.post("/describe", async (req, res) => {
      const found: unknown[] = [];
      for (const details of given)
        found.push(await login.loginUser(req, ann, details as never).catch((error) => error));
      for (const [label] of NO_LABELS)
        found.push(await login.sessions.rename("1", "x", label as string).catch((e) => e));
      told.push(...found);
      res.send("done");
    });
    const given = [...NO_LABELS.map(([label]) => ({ label })), ...NO_DATA.map(([data]) => ({ data }))];
    const told: unknown[] = [];
    await send(await serve(app), "POST /describe");
    const expected = [
      ...NO_LABELS.map(([, text]) => ["invalid_label", 400, text] as const),
      ...NO_DATA.map(([, text]) => ["invalid_option", 500, text] as const),
      ...NO_LABELS.map(([, text]) => ["invalid_label", 400, text] as const),
    ];
    expect(told).to.have.length(expected.length);
    for (const [i, [code, status, text]] of expected.entries()) {
      expect(told[i], text).to.include({ code, status });
      expect((told[i] as Error).message).to.include(text);
    }
    expect(store.calls).to.deep.equal([]);
  });

  it("have at most 100 characters and 1024 bytes, and a later change of the object does not matter", async () => {
    const { app, ann, login } = site();
    const data = { a: "x".repeat(1016) };
    app.post("/describe", async (req, res) => {
      const entering = login.loginUser(req, ann, { label: FAMILY.repeat(20), data });
      data.a = "changed";
      await entering;
      res.send("done");
    });
    await send(await serve(app), "POST /describe");
    const [listed] = (await login.sessions.list("1")) as [LoginInfo];
    expect(listed).to.deep.include({ label: FAMILY.repeat(20), data: { a: "x".repeat(1016) } });
  });

  it("need no store call of their own", async () => {
    const { origin, store } = await accountSite();
    const { cookie } = await send(origin, "POST /login/1", { json: DETAILS });
    expect(store.calls).to.deep.equal(["create"]);
    store.calls = [];
    await send(origin, "POST /confirm", { cookie });
    expect(store.calls).to.deep.equal(["read", "create", "destroy"]);
  });

  it("stay in a stateless remember cookie; a new label lasts as long as the session", async () => {
    const { origin } = await accountSite({ remember: { mode: "stateless" } });
    const [browser] = (await browsersOf(origin, 1, { remember: true, ...DETAILS })) as [Browser];
    clock.tick(1000);
    await browser.restart();
    expect((await shown(browser))[0]).to.deep.include({ ...DETAILS, remembered: true });
    expect((await browser.post(`/rename/${await idOf(browser)}`, { json: { label: "renamed" } })).json()).to.equal(
      true,
    );
    await browser.post("/confirm");
    expect((await shown(browser))[0]).to.deep.include({ ...DETAILS, label: "renamed" });
  });

  it("stay in the application's own express-session, which cannot rename them", async () => {
    const { ann, load } = people();
    const sessions = new expressSession.MemoryStore();
    const login = new LoginManager<Person>({ secret: SECRET, userLoader: load });
    const { app } = site({}, (_, at) => {
      at.use(expressSession({ secret: SECRET, resave: false, saveUninitialized: false, store: sessions }));
      at.use(login.middleware());
    });
    app.post("/enter", async (req, res) => {
      await login.loginUser(req, ann, DETAILS);
      await confirmLogin(req);
      const refused = await login.sessions.rename("1", "x", "renamed").catch((error: unknown) => error);
      res.json({ auth: req.session.auth, refused: (refused as { code: string }).code });
    });
    const { auth, refused } = JSON.parse((await send(await serve(app), "POST /enter")).text) as never;
    expect(auth).to.deep.include(DETAILS);
    expect(refused).to.equal("unsupported_by_store");
  });

  it("cannot be renamed in a store that cannot list by user", async () => {
    const store = new ExpressSessionStore(new expressSession.MemoryStore());
    const { login } = site({ store: new WatchedStore(store) });
    const refused = await login.sessions.rename("1", "x", "renamed").catch((error: unknown) => error);
    expect(refused).to.include({ code: "unsupported_by_store", status: 501 });
  });

  it("are refused at the door of a login that is not allowed: nothing is listed", async () => {
    const { origin, ann } = await accountSite();
    ann.isActive = false;
    const browser = new Browser(origin, { accept: "application/json" });
    expect((await browser.post("/login/1", { json: DETAILS })).json()).to.equal(false);
    expect(await statuses([browser])).to.eql([401]);
  });
});

function loginIdIn([session]: Awaited<ReturnType<typeof storedSessions>>): string {
  return (session!.data.auth as { loginId: string }).loginId;
}
