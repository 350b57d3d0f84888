import { expect } from "chai";
import { currentUser, type LoginInfo } from "latchkey";
import sinon from "sinon";
import { accountSite, browsersOf, idOf, shown, statuses } from "../support/account-site.js";
import { backendsHere, type Opened } from "../support/backends.js";
import { Gate } from "../support/barrier.js";
import { Browser } from "../support/browser.js";
import { send } from "../support/raw-client.js";
import { storedBrowsers, storedSessions } from "../support/records.js";
import { until } from "../support/redis-servers.js";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const HOSTILE: unknown[] = [
  undefined,
  null,
  "",
  {},
  [],
  { $ne: 1 },
  { toString: () => "1" },
  1,
  true,
  "x".repeat(65536),
];

const here = await backendsHere();

describe("the logins of a user", () => {
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

      it("are listed newest first, with the details that a user may see", async () => {
        const { login, origin, ann } = await accountSite({ store: opened.store, idleTimeout: "24h" });
        const start = Date.now();
        const plain = new Browser(origin, { accept: "application/json", "user-agent": "plain" });
        const kept = new Browser(origin, { accept: "application/json", "user-agent": "kept" });
        const gone = new Browser(origin, { accept: "application/json", "user-agent": "gone" });
        await plain.post("/login/1", { json: { fresh: false } });
        clock.tick(HOUR);
        await kept.post("/login/1", { json: { remember: true, duration: "30d" } });
        clock.tick(HOUR);
        const details = { label: "Ann's old phone", data: { app: "ios", version: [1, 2] } };
        await gone.post("/login/1", { json: { remember: true, duration: "10d", ...details } });
        clock.tick(22 * HOUR);
        await kept.get("/me");
        const now = Date.now();
        await until(async () => (await storedSessions(opened.store, "1")).some(({ lastSeenAt }) => lastSeenAt === now));
        clock.tick(2 * HOUR);
        const address = "127.0.0.1";
        const expected = [
          {
            ...{ createdAt: start + 2 * HOUR, lastSeenAt: start + 2 * HOUR, expiresAt: start + 2 * HOUR + 10 * DAY },
            ...{
              address,
              userAgent: "gone",
              fresh: false,
              remembered: true,
              persistent: true,
              current: false,
              methods: {},
              label: "Ann's old phone",
              data: { app: "ios", version: [1, 2] },
              deviceBound: false,
              boundAt: null,
            },
          },
          {
            ...{ createdAt: start + HOUR, lastSeenAt: start + 26 * HOUR, expiresAt: start + HOUR + 30 * DAY },
            ...{
              address,
              userAgent: "kept",
              fresh: true,
              remembered: false,
              persistent: true,
              current: true,
              methods: {},
              label: null,
              data: null,
              deviceBound: false,
              boundAt: null,
            },
          },
        ];
        const found = await shown(kept);
        expect(found.map(({ id: _, ...rest }) => rest)).to.eql(expected);
        expect(new Set(found.map(({ id }) => id)).size).to.equal(2);
        for (const user of [ann, "1"]) {
          const outside = await login.sessions.list(user);
          expect(outside.map(({ id, current }) => ({ id, current }))).to.eql(
            found.map(({ id }) => ({ id, current: false })),
          );
        }
        expect(await login.sessions.list("nobody")).to.eql([]);
        expect(await login.sessions.list("2")).to.eql([]);
      });

      it("keep their ids and dates after a confirmation, a new stamp or a restore", async () => {
        const { origin } = await accountSite({ store: opened.store });
        const [browser] = (await browsersOf(origin, 1, { remember: true })) as [Browser];
        const [first] = (await shown(browser)) as [LoginInfo];
        for (const change of ["/confirm", "restart", "/confirm", "restart", "cooldown", "/confirm", "/password"]) {
          clock.tick(10 * MINUTE);
          if (change.startsWith("/")) expect((await browser.post(change)).status, change).to.equal(200);
          else await browser.restart();
          if (change === "cooldown") {
            await browser.get("/me");
            await browser.restart(); // within a minute of the last restore: this restore is only for one request
          }
          const list = await shown(browser);
          const { id, createdAt, current, remembered, persistent, fresh } = list[0]!;
          expect(list, change).to.have.lengthOf(1);
          expect([id, current, persistent, remembered], change).to.eql([first.id, true, true, !fresh]);
          // A password change replaces the record of the remembered browser.
          if (change !== "/password") expect(createdAt, change).to.equal(first.createdAt);
          expect(fresh, change).to.equal(change.startsWith("/"));
        }
      });

      it("can be revoked one by one with their remembered browser, but not by another user", async () => {
        const { login, origin, told } = await accountSite({ store: opened.store });
        const [own, other, third] = (await browsersOf(origin, 3, { remember: true })) as [Browser, Browser, Browser];
        const [bob] = (await browsersOf(origin, 1, { remember: true }, "2")) as [Browser];
        told.length = 0;
        expect((await own.post(`/revoke/${await idOf(bob)}`)).json()).to.equal(false);
        const ids = await Promise.all([own, other, third].map(idOf));
        expect((await own.post(`/revoke/${ids[1]}`)).json()).to.equal(true);
        expect((await own.post(`/revoke/${ids[1]}`)).json(), "the second time").to.equal(false);
        expect(told).to.eql(["loginsRevoked revoked 1"]);
        expect(await statuses([own, other, third, bob])).to.eql([200, 401, 200, 200]);
        await other.restart();
        expect(await statuses([other])).to.eql([401]);
        expect((await shown(own)).map(({ id }) => id)).to.have.members([ids[0], ids[2]]);

        for (const id of HOSTILE) expect(await login.sessions.revoke("1", id as string)).to.equal(false);
        expect(await statuses([own, third, bob])).to.eql([200, 200, 200]);
      });

      it("include the current login: revoking it removes its cookies and emits only loggedOut", async () => {
        const { origin, told } = await accountSite({ store: opened.store });
        const [own, other] = (await browsersOf(origin, 2, { remember: true })) as [Browser, Browser];
        told.length = 0;
        const answer = await own.post(`/revoke/${await idOf(own)}`);
        expect(answer.json()).to.equal(true);
        expect(answer.cookies.map((one) => one.split(";")[0]).sort()).to.eql(["remember=", "sid="]);
        expect(told).to.eql(["loggedOut"]);
        expect(await statuses([own, other])).to.eql([401, 200]);
      });

      it("can be revoked together, with or without the current login; the result is their number", async () => {
        const { login, origin, told } = await accountSite({ store: opened.store });
        const browsers = await browsersOf(origin, 3, { remember: true });
        browsers.push(...(await browsersOf(origin, 2)));
        const [bob] = (await browsersOf(origin, 1, { remember: true }, "2")) as [Browser];
        await browsers[2]!.restart();
        told.length = 0;
        expect((await browsers[1]!.post("/revoke-all?except=current")).json()).to.equal(4);
        expect(told).to.eql(["loginsRevoked revoked 4"]);
        expect(await statuses(browsers)).to.eql([401, 200, 401, 401, 401]);
        await browsers[1]!.restart();
        expect(await statuses(browsers.slice(1, 2)), "still remembered").to.eql([200]);

        told.length = 0;
        const all = await browsers[1]!.post("/revoke-all");
        expect(all.json()).to.equal(1);
        expect(all.cookies.map((one) => one.split(";")[0]).sort()).to.eql(["remember=", "sid="]);
        expect(told).to.eql(["loggedOut", "loginsRevoked revoked 1"]);
        expect(await login.sessions.revokeAll("1")).to.equal(0);
        expect(await statuses([...browsers, bob])).to.eql([401, 401, 401, 401, 401, 200]);
        expect(await storedSessions(opened.store, "1")).to.eql([]);
        expect(await storedBrowsers(opened.store, "1")).to.eql([]);
      });

      if (name !== "memory") {
        it("can be revoked from another process, even if the user was deleted", async () => {
          const { origin } = await accountSite({ store: opened.store });
          const elsewhere = await accountSite({ store: await opened.another!() });
          elsewhere.byId.delete("1");
          const browsers = await browsersOf(origin, 3, { remember: true });
          expect(await elsewhere.login.sessions.revoke("1", await idOf(browsers[2]!))).to.equal(true);
          expect(await statuses(browsers)).to.eql([200, 200, 401]);
          expect(await elsewhere.login.sessions.revokeAll("1")).to.equal(2);
          expect(await statuses(browsers)).to.eql([401, 401, 401]);
          for (const browser of browsers) await browser.restart();
          expect(await statuses(browsers)).to.eql([401, 401, 401]);
        });
      }
    });
  }

  it("have public ids that do not work as cookies and are not record ids in the store", async () => {
    const { origin, store } = await accountSite();
    const [own] = (await browsersOf(origin, 3, { remember: true })) as [Browser];
    const secrets = new Set<string>();
    for (const { id } of await storedSessions(store.inner, "1")) secrets.add(id);
    for (const { id } of await storedBrowsers(store.inner, "1")) secrets.add(id);
    expect(secrets.size).to.equal(6);
    for (const { id, ...rest } of await shown(own)) {
      expect(secrets.has(id)).to.equal(false);
      expect([...secrets].filter((secret) => JSON.stringify(rest).includes(secret))).to.eql([]);
      const guesses = [`sid=${id}`, `sid=s%3A${id}`, `remember=${id}`, `remember=v1.${id}.0.${id}`];
      for (const cookie of [...guesses, `sid=s%3A${id}.${id}`, `sid=${id}; remember=${id}`]) {
        expect((await send(origin, "GET /me", { cookie })).status, cookie).to.equal(401);
      }
    }
  });

  it("are listed once at every step of a confirmation and of a password change", async () => {
    const { origin, store, login } = await accountSite({ maxSessions: 5 });
    const { cookie } = await send(origin, "POST /login/1");
    const [{ id }] = (await login.sessions.list("1")) as [LoginInfo];
    const lists: string[][] = [];
    const during = async (line: string, own: string) => {
      lists.length = 0;
      store.before = async (verb) => {
        if (verb.endsWith("listByUser") || verb === "read") return;
        lists.push((await login.sessions.list("1")).map((one) => one.id));
      };
      const answer = await send(origin, line, { cookie: own });
      store.before = () => undefined;
      expect(answer.status, line).to.equal(200);
      expect(lists.length, line).to.be.at.least(2);
      return answer.cookie;
    };
    const confirmed = await during("POST /confirm", cookie);
    expect(lists).to.eql([[id], [id]]);
    await during("POST /password", confirmed);
    expect(lists).to.eql([[id], [id]]);
  });

  it("have a lastSeenAt that is accurate to the minute", async () => {
    const { origin, login } = await accountSite();
    const { cookie } = await send(origin, "POST /login/1");
    for (let second = 0; second < 300; second += 7) {
      clock.tick(7000);
      await send(origin, "GET /me", { cookie });
      await new Promise((resolve) => setImmediate(resolve));
      const [{ lastSeenAt }] = (await login.sessions.list("1")) as [LoginInfo];
      expect(Date.now() - lastSeenAt).to.be.within(0, MINUTE - 1);
    }
  });

  it("have the address that Express trusts, and a User-Agent of at most 256 characters", async () => {
    for (const [trust, address] of [
      [false, "127.0.0.1"],
      [true, "203.0.113.9"],
    ] as const) {
      const { app, origin, login } = await accountSite();
      app.set("trust proxy", trust);
      const agents = ["", "<script>alert(1)</script>", `"'; DROP TABLE sessions; --`, "a".repeat(9000)];
      for (const agent of agents) {
        await login.sessions.revokeAll("1");
        const headers = { "x-forwarded-for": "203.0.113.9", "user-agent": agent };
        const { cookie } = await send(origin, "POST /login/1", { headers, json: { remember: true } });
        const own = await send(origin, "GET /sessions", { headers, cookie });
        const [listed] = JSON.parse(own.text) as [LoginInfo];
        const client = { address, userAgent: agent.slice(0, 256) || null };
        expect([listed.address, listed.userAgent]).to.eql([client.address, client.userAgent]);
        expect((await login.sessions.list("1"))[0]).to.deep.include(client);
      }
    }
  });

  it("cannot be listed or revoked for an invalid user: the error code is invalid_user_id", async () => {
    const { login, store } = await accountSite();
    const { sessions } = login;
    for (const user of [...HOSTILE, "a\0b", "\ud800"]) {
      const rename = (id: string) => sessions.rename(id, "x", "label");
      for (const call of [sessions.list, sessions.revokeAll, sessions.revoke, rename] as Array<
        (user: unknown) => unknown
      >) {
        const error = await Promise.resolve(call.call(sessions, user)).catch((error) => error);
        expect(error, String(typeof user)).to.include({ code: "invalid_user_id" });
      }
    }
    expect(store.calls).to.eql([]);
  });

  it("are revoked in the store by a handler whose response has started or ended", async () => {
    const { app, login, origin } = await accountSite();
    const done = new Gate();
    const counts: unknown[] = [];
    app.post("/late/:how", async (req, res) => {
      await currentUser();
      const [{ id }] = (await login.sessions.list("1")) as [LoginInfo];
      res.write("begun");
      if (req.params.how === "ended") res.end();
      counts.push(
        req.query.one === undefined ? await login.sessions.revokeAll("1") : await login.sessions.revoke("1", id),
      );
      if (req.params.how === "begun") res.end();
      await done.pass();
    });
    for (const path of ["begun", "ended", "begun?one", "ended?one"]) {
      const [browser] = (await browsersOf(origin, 1, { remember: true })) as [Browser];
      await browser.post(`/late/${path}`);
      await done.arrived(counts.length);
      expect(await statuses([browser]), path).to.eql([401]);
    }
    expect(counts).to.eql([1, 1, true, true]);
  });

  for (const what of ["inactive", "deleted"]) {
    it(`are all refused at their next request, remembered or not, if the user is ${what}`, async () => {
      const { ann, byId, origin, told } = await accountSite();
      const browsers = [...(await browsersOf(origin, 3, { remember: true })), ...(await browsersOf(origin, 2))];
      const remembered = await Promise.all(browsers.slice(0, 3).map((one) => one.cookie("remember")));
      expect(await statuses(browsers)).to.eql([200, 200, 200, 200, 200]);
      told.length = 0;
      if (what === "deleted") byId.delete("1");
      else ann.isActive = false;
      expect(await statuses(browsers)).to.eql([401, 401, 401, 401, 401]);
      for (const token of remembered) {
        expect((await send(origin, "GET /me", { cookie: `remember=${token}` })).status).to.equal(401);
      }
      expect(told).to.eql(what === "deleted" ? Array(5).fill("loginEnded unknown user") : []);
    });
  }
});
