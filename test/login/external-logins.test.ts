import { expect } from "chai";
import session from "express-session";
import { LoginManager, MemoryStore } from "latchkey";
import { externalLogins } from "latchkey/external-logins";
import { ExpressSessionStore } from "latchkey/stores/express-session";
import { MovingStore } from "latchkey/stores/moving";
import sinon from "sinon";
import { backendsHere, type Opened } from "../support/backends.js";
import { external, externalSite, ISSUER } from "../support/external-site.js";
import { addCrowd, people, SECRET } from "../support/people.js";
import { only, send } from "../support/raw-client.js";
import { recordId, storedBrowsers, storedSessions } from "../support/records.js";

const DAY = 24 * 60 * 60 * 1000;
const here = await backendsHere("memory", "redis", "postgres", "sql on pg");

describe("the logins of an identity provider", () => {
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

      it("end by sid in that browser alone, with its remember cookie", async () => {
        const { enter, end, isIn, told } = await externalSite({ store: opened.store });
        const one = await enter(external("s1", "a"), { remember: true });
        const other = await enter(external("s1", "b"), { remember: true });
        told.length = 0;
        expect((await end({ sid: "a" })).text).to.equal("1");
        expect(told).to.eql(["loginsRevoked revoked 1"]);
        expect([await isIn(one), await isIn(only("remember", one)), await isIn(other)]).to.eql([false, false, true]);
        expect((await end({ sid: "a" })).text).to.equal("0");
        expect([await storedSessions(opened.store, "1"), await storedBrowsers(opened.store, "1")].map(size)).to.eql([
          1, 1,
        ]);
      });

      it("end by sub in all browsers, but not in those of another issuer, sub or way to log in", async () => {
        const { origin, enter, end, isIn } = await externalSite({ store: opened.store });
        const ended = [
          await enter(external("s1", "a")),
          await enter(external("s1", "b"), { remember: true }),
          await enter(external("s1")),
          await enter(external("s1", "c"), { user: "2" }),
        ];
        const kept = [
          await enter(external("s2", "d")),
          await enter(external("s1", "a", "https://other.example")),
          (await send(origin, "POST /login/1")).cookie,
        ];
        expect((await end({ sub: "s1" })).text).to.equal("4");
        expect(await Promise.all(ended.map(isIn))).to.eql([false, false, false, false]);
        expect(await Promise.all(kept.map(isIn))).to.eql([true, true, true]);
        expect(await isIn(await enter(external("s1", "e")))).to.equal(true);
      });

      it("end by sid and sub only if both are those of the login", async () => {
        const { enter, end, isIn } = await externalSite({ store: opened.store });
        const cookies = [await enter(external("s1", "a")), await enter(external("s2", "b"), { user: "2" })];
        expect((await end({ sid: "a", sub: "s2" })).text).to.equal("0");
        expect((await end({ sid: "b", sub: "s2" })).text).to.equal("1");
        expect(await Promise.all(cookies.map(isIn))).to.eql([true, false]);
      });

      it("end for all users who logged in with one sid", async () => {
        const { enter, end, isIn } = await externalSite({ store: opened.store });
        const cookies = [
          await enter(external("s1", "a")),
          await enter(external("s1", "a"), { user: "2" }),
          await enter(external("s1", "a")),
        ];
        expect((await end({ sid: "a" })).text).to.equal("3");
        expect(await Promise.all(cookies.map(isIn))).to.eql([false, false, false]);
      });

      it("are found after a confirmation, a restore and a change of the stamp", async () => {
        const { origin, enter, end, isIn } = await externalSite({ store: opened.store });
        const steps: Record<string, (cookie: string) => Promise<string>> = {
          confirmed: async (cookie) => (await send(origin, "POST /confirm", { cookie })).cookie,
          restored: async (cookie) => (await send(origin, "GET /me", { cookie: only("remember", cookie) })).cookie,
          stamped: async (cookie) => (await send(origin, "POST /password", { cookie })).cookie,
        };
        for (const [step, take] of Object.entries(steps)) {
          const before = await enter(external("s1", step), { remember: true });
          const cookie = await take(before);
          expect([step, await isIn(cookie)]).to.eql([step, true]);
          const remember = only("remember", cookie) || only("remember", before);
          expect([step, (await end({ sid: step })).text]).to.eql([step, "1"]);
          expect([step, await isIn(cookie), await isIn(remember)]).to.eql([step, false, false]);
        }
      });

      it("have the sid of the last confirmation, also after a restore", async () => {
        const { origin, enter, end, isIn } = await externalSite({ store: opened.store });
        const before = await enter(external("s1", "a"), { remember: true, duration: "300d" });
        const json = { external: external("s1", "b") };
        const cookie = (await send(origin, "POST /confirm-with", { cookie: before, json })).cookie;
        expect((await end({ sid: "a" })).text).to.equal("0");
        expect(await isIn(cookie)).to.equal(true);
        clock.tick(299 * DAY);
        const restored = (await send(origin, "GET /me", { cookie: only("remember", before) })).cookie;
        expect(await isIn(restored)).to.equal(true);
        expect((await end({ sid: "b" })).text).to.equal("1");
        expect(await isIn(restored)).to.equal(false);
      });

      it("are found in a remembered browser that has not come back since its confirmation", async () => {
        const { origin, enter, end, isIn } = await externalSite({ store: opened.store });
        const cookie = await enter(external("s1", "a"), { remember: true, duration: "300d" });
        await send(origin, "POST /confirm-with", { cookie, json: { external: external("s1", "b") } });
        clock.tick(250 * DAY);
        expect((await end({ sid: "b" })).text).to.equal("1");
        expect(await isIn(only("remember", cookie))).to.equal(false);
      });

      it("are found as long as they can last, and the aliases end later", async () => {
        const { origin, enter, end, store } = await externalSite({ store: opened.store, idleTimeout: "40d" });
        const remember = only("remember", await enter(external("s1", "a"), { remember: true, duration: "300d" }));
        clock.tick(300 * DAY - 1);
        await send(origin, "GET /me", { cookie: remember });
        clock.tick(30 * DAY - 1);
        expect(await storedSessions(opened.store, "1")).to.have.length(1);
        expect((await end({ sid: "a" })).text).to.equal("1");
        const { records } = await store.listByUser("1", { kind: "alias", limit: 10 });
        const left = Math.max(...records.map(({ expiresAt }) => expiresAt)) - Date.now();
        expect(left).to.be.within(0, 2 * DAY);
      });

      it("refuse a login with a sid that has ended, and keep the login before it", async () => {
        const { origin, enter, end, isIn } = await externalSite({ store: opened.store });
        await end({ sid: "a" });
        const { cookie } = await send(origin, "POST /login/2");
        const refused = await send(origin, "POST /login/1", { cookie, json: { external: external("s1", "a") } });
        expect([refused.status, JSON.parse(refused.text).code]).to.eql([401, "session_gone"]);
        expect([await isIn(cookie), await isIn(refused.cookie)]).to.eql([true, false]);
        expect(await storedSessions(opened.store, "1")).to.eql([]);
        expect(await isIn(await enter(external("s1", "b")))).to.equal(true);
      });

      it("of a login that is not complete end too", async () => {
        const options = { requiredMethods: () => ["otp"], store: opened.store };
        const { origin, enter, end, isIn } = await externalSite(options);
        const first = await enter(external("s1", "a"));
        await end({ sid: "a" });
        const late = { cookie: first, json: { methods: ["otp"] } };
        expect((await send(origin, "POST /confirm-with", late)).status).to.equal(401);
        const second = await enter(external("s1", "b"), { remember: true });
        const { cookie } = await send(origin, "POST /confirm-with", { cookie: second, json: { methods: ["otp"] } });
        expect(await isIn(cookie)).to.equal(true);
        expect((await end({ sub: "s1" })).text).to.equal("1");
        expect([await isIn(cookie), await isIn(only("remember", cookie))]).to.eql([false, false]);
      });

      it("leave no alias after all logins of the user were revoked", async () => {
        const { enter, end, login, store } = await externalSite({ store: opened.store });
        await enter(external("s1", "a"), { remember: true });
        await enter(external("s1", "b"), { user: "2" });
        expect(await login.sessions.revokeAll("1")).to.equal(1);
        const aliasesOf = async (user: string) =>
          (await store.listByUser(user, { kind: "alias", limit: 10 })).records.length;
        expect([await aliasesOf("1"), await aliasesOf("2")]).to.eql([0, 2]);
        expect((await end({ sub: "s1" })).text).to.equal("1");
      });

      it("leave no alias of their sid after a logout, unless another login has this sid", async () => {
        const { origin, enter, end, isIn, store } = await externalSite({ store: opened.store });
        const aliases = async () => {
          const { records } = await store.listByUser("1", { kind: "alias", limit: 10 });
          return records.map(({ id }) => id);
        };
        const idOf = (claim: string, value: string) => recordId("alias", JSON.stringify([ISSUER, claim, value, 0]));
        const first = await enter(external("s1", "a"), { remember: true });
        const second = await enter(external("s1", "a"), { remember: true });
        const other = await enter(external("s1", "b"));
        await send(origin, "POST /logout", { cookie: first });
        expect(await aliases()).to.have.members([idOf("sub", "s1"), idOf("sid", "a"), idOf("sid", "b")]);
        clock.tick(2 * DAY); // the session of the second login has ended, but its browser is remembered
        await send(origin, "POST /logout", { cookie: other });
        await send(origin, "GET /me", { cookie: await enter(external("s1", "c")) });
        expect(await aliases()).to.include(idOf("sid", "a"));
        expect((await end({ sid: "a" })).text).to.equal("1");
        expect(await isIn(second)).to.equal(false);
        const third = await enter(external("s1", "d"), { remember: true });
        const count = (await aliases()).length;
        await send(origin, "POST /logout", { cookie: third });
        expect(await aliases()).to.have.length(count - 1);
        expect(await aliases())
          .to.include(idOf("sub", "s1"))
          .and.not.include(idOf("sid", "d"));
        expect(await isIn(await enter(external("s1", "d")))).to.equal(true);
        expect((await end({ sid: "d" })).text).to.equal("1");
        const cookie = only("remember", await enter(external("s1", "e"), { remember: true }));
        clock.tick(2 * DAY); // the session has ended
        await send(origin, "POST /logout", { cookie });
        expect(await aliases()).not.to.include(idOf("sid", "e"));
        expect(await isIn(cookie)).to.equal(false);
      });

      it("of one realm are not found in another realm", async () => {
        const staff = await externalSite({ store: opened.store, realm: "staff" });
        const customers = await externalSite({ store: opened.store, realm: "customers" });
        const cookies = [await staff.enter(external("s1", "a")), await customers.enter(external("s1", "a"))];
        expect((await staff.end({ sid: "a" })).text).to.equal("1");
        expect([await staff.isIn(cookies[0]!), await customers.isIn(cookies[1]!)]).to.eql([false, true]);
      });
    });
  }

  it("do not come back by a stateless remember cookie, if their sid has ended", async () => {
    const { enter, end, isIn } = await externalSite({ remember: { mode: "stateless", refreshEachRequest: true } });
    const [one, other] = [
      await enter(external("s1", "a"), { remember: true }),
      await enter(external("s1", "b"), { remember: true }),
    ].map((cookie) => only("remember", cookie)) as [string, string];
    expect([await isIn(one), await isIn(other)]).to.eql([true, true]);
    expect((await end({ sid: "a" })).text).to.equal("1");
    clock.tick(300 * DAY);
    expect([await isIn(one), await isIn(other)]).to.eql([false, true]);
  });

  it("do not come back by a stateless remember cookie after a revocation of all logins either", async () => {
    const { enter, end, isIn, store } = await externalSite({ absoluteTimeout: "7d", remember: { mode: "stateless" } });
    const cookie = only("remember", await enter(external("s1", "a"), { remember: true }));
    await new LoginManager({ secret: SECRET, store }).sessions.revokeAll("1"); // as the command latchkey does
    await end({ sid: "a" });
    clock.tick(300 * DAY);
    expect(await isIn(cookie)).to.equal(false);
  });

  it("do not come back by a stateless remember cookie that confirmations kept renewing", async () => {
    const remember = { mode: "stateless", duration: "30d", refreshEachRequest: true } as const;
    const { origin, enter, end, isIn } = await externalSite({ absoluteTimeout: "7d", idleTimeout: "7d", remember });
    let cookie = await enter(external("s1", "a"), { remember: true });
    for (let times = 0; times < 7; times++) {
      clock.tick(5 * DAY);
      ({ cookie } = await send(origin, "POST /confirm", { cookie }));
    }
    clock.tick(20 * DAY);
    await end({ sid: "a" });
    clock.tick(9 * DAY);
    expect(await isIn(only("remember", cookie))).to.equal(false);
  });

  it("need no further call to the store without external", async () => {
    const { origin, store } = await externalSite();
    const { cookie } = await send(origin, "POST /login/1", { json: { remember: true } });
    await send(origin, "GET /me", { cookie: only("remember", cookie) });
    await send(origin, "POST /confirm", { cookie });
    expect(store.calls.filter((verb) => verb.startsWith("alias"))).to.eql([]);
  });

  it("reject ids that no provider sends", async () => {
    const { origin, end, isIn, store } = await externalSite();
    const wrong: unknown[] = [
      null,
      "s1",
      [],
      {},
      { issuer: ISSUER },
      { sub: "s1" },
      external(""),
      external("x".repeat(256)),
      external("s\0"),
      { ...external("s1"), sid: 1 },
      { ...external("s1"), sid: "" },
      { ...external("s1"), iss: ISSUER },
    ];
    for (const given of wrong) {
      const { status, text, cookie } = await send(origin, "POST /login/1", { json: { external: given } });
      expect([given, status, JSON.parse(text).code]).to.eql([given, 500, "invalid_option"]);
      expect(await isIn(cookie)).to.equal(false);
    }
    for (const ids of [{}, { sid: "" }, { sid: null }, { sub: 1 }, { sid: "a", jti: "b" }, "a", null]) {
      const { status, text } = await end(ids as object);
      expect([ids, status, JSON.parse(text).code]).to.eql([ids, 500, "invalid_option"]);
    }
    expect((await end({ sid: "a" }, "")).status).to.equal(500);
    expect(store.calls).to.eql([]);
  });

  it("are refused if a stateless remember cookie would be too long for browsers", async () => {
    const { origin, isIn, byId } = await externalSite({ remember: { mode: "stateless" } });
    byId.get("1")!.stamp = "1";
    const long = (character: string) => {
      const id = character.repeat(255 / character.length);
      return { external: { issuer: id, sub: id, sid: id }, data: { d: "x".repeat(800) }, remember: true };
    };
    const { cookie } = await send(origin, "POST /login/1", { json: long("x") });
    expect(await isIn(only("remember", cookie))).to.equal(true);
    expect(cookie.length).to.be.below(4096);
    const refused = await send(origin, "POST /login/1", { json: long("\u3042"), cookie });
    const { code, message } = JSON.parse(refused.text);
    expect([refused.status, code]).to.eql([500, "invalid_option"]);
    expect(message).to.match(
      /^remember\.mode: a stateless cookie would have \d+ bytes, and browsers reject more than 4096/,
    );
    expect([await isIn(cookie), refused.headers["set-cookie"]]).to.eql([true, undefined]);
  });

  it("need the option, and say where it comes from", async () => {
    const at = await externalSite({ externalLogins: undefined });
    const { cookie } = await send(at.origin, "POST /login/1");
    const json = { external: external("s1", "a") };
    const answers = [
      await send(at.origin, "POST /login/1", { json }),
      await send(at.origin, "POST /confirm-with", { cookie, json }),
      await at.end({ sid: "a" }),
    ];
    const need = 'needs this option; give it externalLogins() of "latchkey/external-logins"';
    expect(answers.map(({ status, text }) => [status, JSON.parse(text).message])).to.eql([
      [500, `externalLogins: \`external\` ${need}`],
      [500, `externalLogins: \`external\` ${need}`],
      [500, `externalLogins: revokeExternal() ${need}`],
    ]);
    expect(await at.isIn(cookie)).to.equal(true);
  });

  it("keep their ids in a process that does not have the option", async () => {
    const store = new MemoryStore();
    const [at, without] = [await externalSite({ store }), await externalSite({ store, externalLogins: undefined })];
    const before = await at.enter(external("s1", "a"), { remember: true });
    const restored = await send(without.origin, "GET /me", { cookie: only("remember", before) });
    const { cookie } = await send(without.origin, "POST /confirm", { cookie: restored.cookie });
    expect(await without.isIn(cookie)).to.equal(true);
    expect((await at.end({ sid: "a" })).text).to.equal("1");
    expect([await at.isIn(cookie), await at.isIn(only("remember", restored.cookie))]).to.eql([false, false]);
  });

  it("reject a ninth user with the same sub", async () => {
    const { origin, byId, enter, isIn } = await externalSite();
    addCrowd(byId);
    for (let user = 11; user <= 18; user++) {
      expect(await isIn(await enter(external("s1"), { user: String(user) }))).to.equal(true);
    }
    const { status, text } = await send(origin, "POST /login/19", { json: { external: external("s1") } });
    expect([status, JSON.parse(text).code]).to.eql([500, "invalid_option"]);
  });

  it("are found even if an alias cannot be read", async () => {
    const { enter, end, isIn, store, login } = await externalSite();
    const damaged: string[] = [];
    login.on("recordDamaged", ({ id }) => damaged.push(id));
    const id = recordId("alias", JSON.stringify([ISSUER, "sid", "a", 0]));
    const times = { createdAt: 0, lastSeenAt: 0, expiresAt: Date.now() + DAY };
    await store.create(id, { kind: "alias", userId: "1", data: { v: 1 }, ...times, revision: 0 });
    const cookie = await enter(external("s1", "a"));
    expect(damaged).to.include(id);
    expect((await end({ sid: "a" })).text).to.equal("1");
    expect(await isIn(cookie)).to.equal(false);
  });

  it("move to another store with the user's records", async () => {
    const [from, to] = [new MemoryStore(), new MemoryStore()];
    const before = await externalSite({ store: from });
    const cookies = [await before.enter(external("s1", "a")), await before.enter(external("s1", "b"))];
    const moving = new MovingStore({ from, to });
    const during = await externalSite({ store: moving });
    expect((await during.end({ sid: "a" })).text).to.equal("1");
    await moving.moveByUser("1");
    const after = await externalSite({ store: to });
    expect(await after.isIn(cookies[1]!)).to.equal(true);
    expect((await after.end({ sub: "s1" })).text).to.equal("1");
    expect(await Promise.all(cookies.map(after.isIn))).to.eql([false, false]);
  });

  it("are refused where logins cannot be listed by user", async () => {
    const store = new ExpressSessionStore(new session.MemoryStore());
    const { origin, end } = await externalSite({ store });
    const answers = [
      await send(origin, "POST /login/1", { json: { external: external("s1", "a") } }),
      await end({ sid: "a" }),
    ];
    expect(answers.map(({ status, text }) => [status, JSON.parse(text).code])).to.eql([
      [501, "unsupported_by_store"],
      [501, "unsupported_by_store"],
    ]);
    const alone = new LoginManager({
      secret: SECRET,
      userLoader: people().load,
      externalLogins: externalLogins(),
    });
    const rejected = await alone.sessions.revokeExternal(ISSUER, { sid: "a" }).catch((error: unknown) => error);
    expect(rejected).to.have.property("code", "unsupported_by_store");
  });
});

function size(list: unknown[]): number {
  return list.length;
}
