import crypto from "node:crypto";
import { syncBuiltinESMExports } from "node:module";
import { expect } from "chai";
import { MemoryStore, refreshStamp } from "latchkey";
import sinon from "sinon";
import { type Person, SECRET } from "../support/people.js";
import { only, send } from "../support/raw-client.js";
import { comeBack, forgets, GRACE, rememberIn, rememberingSites } from "../support/remembered.js";
import { days } from "../support/remembering.js";

/** The requests that present a remember cookie. `person` owns the cookie, `other` is another user. */
const ROUTES: Record<string, (person: Person, other: Person) => [line: string, json?: object]> = {
  "a guarded page": () => ["GET /me"],
  logoutUser: () => ["POST /logout"],
  "loginUser as the same user": ({ id }) => [`POST /login/${id}`],
  "loginUser as the same user, to be remembered": ({ id }) => [`POST /login/${id}`, { remember: true }],
  "loginUser as another user": (_, { id }) => [`POST /login/${id}`],
  "loginUser as another user, to be remembered": (_, { id }) => [`POST /login/${id}`, { remember: true }],
};

describe("a remember cookie on every route that reads it", () => {
  let clock: sinon.SinonFakeTimers;
  beforeEach(() => {
    clock = sinon.useFakeTimers({ now: Date.now(), toFake: ["Date"] });
  });
  afterEach(() => sinon.restore());

  /** Ann has two remembered browsers and a login that is not remembered. Bob is not logged in. */
  async function people() {
    const secrets = [SECRET, `${SECRET}, the one before`];
    const at = await rememberingSites({ store: new MemoryStore() }, { secret: secrets });
    at.app.post("/stamp", async (req, res) => {
      await refreshStamp(req);
      res.send("kept");
    });
    const [ann, bob] = [at.newPerson(), at.newPerson()];
    const [owned, second, alone] = [await at.logIn(ann), await at.logIn(ann), await at.logIn(ann, {})];
    const ask = (name: string, cookie: string) => {
      const [line, json = {}] = ROUTES[name]!(ann, bob);
      return send(at.origin, line, { cookie, ...(line.startsWith("GET") ? {} : { json }) });
    };
    /** Restores the browser this many times, and returns its cookie. */
    const restored = async (times: number, cookie = owned.remember) => {
      let latest = cookie;
      for (let visit = 0; visit < times; visit++) {
        clock.tick(GRACE + 1);
        const answer = await at.me(latest);
        latest = rememberIn(answer)!;
        await comeBack(at.origin, answer);
      }
      clock.tick(GRACE + 1);
      return latest;
    };
    return { ...at, ann, bob, owned, second, alone, ask, restored };
  }

  function forgeriesOf(cookie: string, another: string): string[] {
    const [version, series, generation, signature] = cookie.split(".") as [string, string, string, string];
    const [, , , otherSignature] = another.split(".") as [string, string, string, string];
    return [
      `${version}.${series}.AAAA`,
      `${version}.${series}.${"A".repeat(43)}`,
      `${version}.${series}.${generation}.${"A".repeat(43)}`,
      `${version}.${series}.${generation}.${otherSignature}`,
      ...["0", "1", "2", "4", "10000"].map((other) => `${version}.${series}.${other}.${signature}`),
    ].filter((one) => one !== cookie);
  }

  for (const name of Object.keys(ROUTES)) {
    it(`changes no browser and causes no extra store call if it is forged: ${name}`, async () => {
      const { ann, owned, second, alone, ask, restored, ...at } = await people();
      const latest = await restored(3);
      const before = await at.recordsOf(ann);
      for (const forged of forgeriesOf(latest, second.remember)) {
        at.store.calls = [];
        await ask(name, forged);
        const read = at.store.calls.filter((verb) => /^browser\.(?!create)/.test(verb));
        expect(read, forged).to.eql([]);
      }
      const kept = await at.recordsOf(ann);
      for (const record of before) expect(kept).to.deep.include(record);
      expect(await Promise.all([latest, second.remember, alone.sid].map(at.isIn))).to.eql([true, true, true]);
      expect([at.told, at.revoked, await at.isIn(owned.sid)]).to.eql([[], [], false]);
    });

    it(`is theft and ends all the user's remembered logins if it is three restores old: ${name}`, async () => {
      const { ann, bob, owned, second, alone, ask, restored, ...at } = await people();
      const latest = await restored(3);
      const answer = await ask(name, owned.remember);
      expect([answer.status, at.told.map(({ event, userId }) => [event, userId])]).to.eql([
        name === "a guarded page" ? 401 : 200,
        [["stolen", ann.id]],
      ]);
      const dead = [owned.remember, latest, second.sid, second.remember];
      expect(await Promise.all(dead.map(at.isIn))).to.eql(dead.map(() => false));
      expect(await at.isIn(alone.sid), "a login without a remembered browser").to.equal(true);
      expect(at.told.length, "reported once").to.equal(1);
      await expectLoggedIn(name, answer, { ann, bob, ...at });
    });

    it(`is stale after the grace period as the previous cookie, and ends its browser's login: ${name}`, async () => {
      const { ann, bob, owned, second, ask, restored, ...at } = await people();
      const latest = await restored(1);
      const answer = await ask(name, owned.remember);
      expect(at.told.map(({ event, userId }) => [event, userId])).to.eql([["stale", ann.id]]);
      expect(await Promise.all([owned.remember, latest].map(at.isIn))).to.eql([false, false]);
      expect(await Promise.all([second.sid, second.remember].map(at.isIn))).to.eql([true, true]);
      await expectLoggedIn(name, answer, { ann, bob, ...at });
    });
  }

  type Site = Pick<Awaited<ReturnType<typeof people>>, "ann" | "bob" | "isIn" | "recordsOf">;

  /** Expects that a login succeeded with any old cookie, because the credentials were checked. */
  async function expectLoggedIn(name: string, answer: Awaited<ReturnType<typeof send>>, { isIn }: Site) {
    const remember = rememberIn(answer);
    expect([Boolean(remember), forgets(answer)], "remembered").to.eql([
      name.endsWith("to be remembered"),
      !name.endsWith("to be remembered"),
    ]);
    if (!name.startsWith("loginUser")) return;
    expect([answer.status, await isIn(only("sid", answer.cookie))]).to.eql([200, true]);
    if (remember) expect(await isIn(remember)).to.equal(true);
  }

  it("is ended by logoutUser and loginUser without an alarm, even as the previous cookie", async () => {
    for (const name of Object.keys(ROUTES).filter((one) => one !== "a guarded page")) {
      for (const isPrevious of [false, true]) {
        const { ann, owned, second, ask, restored, ...at } = await people();
        let presented = await restored(1);
        if (isPrevious) await at.me(presented);
        const series = presented.split(".")[1]!;
        expect((await ask(name, presented)).status).to.equal(200);
        expect(at.told, name).to.eql([]);
        expect(await at.isIn(presented), name).to.equal(false);
        presented = second.remember;
        expect([await at.isIn(presented), presented.includes(series)]).to.eql([true, false]);
      }
    }
  });

  it("still works for a restore and a logout after the store lost the last restore", async () => {
    const { ann, owned, restored, ...at } = await people();
    const { inner } = at.store;
    const lose = async () => {
      const kept = await at.recordsOf(ann);
      const latest = await restored(1);
      for (const { id, ...record } of kept) {
        await inner.update(id, { ...record, revision: (await inner.read(id))!.revision });
      }
      return latest;
    };
    const latest = await lose();
    const next = await at.me(latest);
    expect([next.status, rememberIn(next)?.split(".")[2], at.told]).to.eql([200, "2", []]);
    await send(at.origin, "POST /logout", { cookie: latest });
    expect([await at.isIn(rememberIn(next)!), await at.isIn(latest), await at.isIn(owned.remember)]).to.eql([
      false,
      false,
      false,
    ]);
  });

  describe("at refreshStamp", () => {
    it("changes no browser if it is forged", async () => {
      const { ann, owned, second, alone, ...at } = await people();
      for (const forged of forgeriesOf(owned.remember, second.remember)) {
        const before = await at.recordsOf(ann);
        const kept = await send(at.origin, "POST /stamp", { cookie: `${(await at.logIn(at.bob)).sid}; ${forged}` });
        expect([kept.status, await at.recordsOf(ann)]).to.eql([200, before]);
      }
      expect([await at.isIn(owned.remember), at.told]).to.eql([true, []]);
    });

    it("raises an alarm if it is used up; the login stays, but is not remembered", async () => {
      for (const [restores, event] of [
        [1, "stale"],
        [3, "stolen"],
      ] as const) {
        const { owned, alone, restored, ...at } = await people();
        const latest = await restored(restores);
        const kept = await send(at.origin, "POST /stamp", { cookie: `${alone.sid}; ${owned.remember}` });
        expect([kept.status, days(kept.headers["set-cookie"])]).to.eql([200, undefined]);
        expect([at.told.map((one) => one.event), await at.isIn(latest)]).to.eql([[event], false]);
        expect(await at.isIn(only("sid", kept.cookie))).to.equal(true);
      }
    });
  });

  it("costs one HMAC for each secret, whatever its generation, and is theft however old it is", async () => {
    const { ann, owned, ...at } = await people();
    for (const { id, ...record } of await at.recordsOf(ann)) {
      const data = { ...record.data, generation: 10_000 };
      await at.store.inner.update(id, { ...record, data, lastSeenAt: Date.now() - GRACE - 1 });
    }
    const signing = async (cookie: string) => {
      const sign = sinon.spy(crypto, "createHmac");
      syncBuiltinESMExports();
      try {
        expect(await at.isIn(cookie)).to.equal(false);
        return sign.callCount;
      } finally {
        sign.restore();
        syncBuiltinESMExports();
      }
    };
    const [version, series, , signature] = owned.remember.split(".");
    at.store.calls = [];
    for (const generation of [1, 9_999, 10_000, 10_001]) {
      expect(await signing(`${version}.${series}.${generation}.${signature}`)).to.equal(2);
    }
    expect([at.store.calls, at.told]).to.eql([[], []]);
    expect(await signing(owned.remember)).to.equal(2);
    expect(at.told.map(({ event }) => event)).to.eql(["stolen"]);
  });
});
