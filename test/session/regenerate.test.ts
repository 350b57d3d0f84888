import { createHmac } from "node:crypto";
import { expect } from "chai";
import type { Request, RequestHandler } from "express";
import { confirmLogin, currentUser, loginUser } from "latchkey";
import sinon from "sinon";
import { accountSite } from "../support/account-site.js";
import { Gate } from "../support/barrier.js";
import { faults } from "../support/faulty-site.js";
import { usable } from "../support/interleave.js";
import { gates } from "../support/late-request.js";
import { addCrowd, SECRET } from "../support/people.js";
import { countTrials, only, send } from "../support/raw-client.js";
import { storedSessions } from "../support/records.js";
import { trials } from "../support/trials.js";
import { expectNoUnhandledRejections } from "../support/unhandled.js";
import type { Verb } from "../support/watched-store.js";

const SECOND = 1000;
const TIMEOUT = 50;
const MOVES = ["POST /login/1", "POST /confirm", "POST /password"];
const VERBS: Verb[] = ["create", "destroy", "update", "browser.create", "browser.destroy"];
const TRIALS = trials(500, 10);
const AT_ONCE = 20;

describe("a login that moves to a new session id", () => {
  expectNoUnhandledRejections();
  afterEach(() => sinon.restore());

  for (const what of ["fails", "hangs"]) {
    const fault = faults[what]!;
    for (const line of MOVES) {
      for (const options of [{}, { maxSessions: 2 }, { maxSessions: 2, onLimit: "refuse" }] as const) {
        const call = `${line} with ${JSON.stringify(options)}`;
        it(`gets 503 and leaves at most the old login if the store ${what}: ${call}`, async () => {
          for (const verb of VERBS) {
            for (const remember of [false, true]) {
              const at = await accountSite({ storeTimeout: TIMEOUT, ...options });
              const { cookie } = await send(at.origin, "POST /login/1", { json: { remember } });
              const [before] = await at.login.sessions.list("1");
              let broken = 0;
              at.store.before = (called) => (called === verb && broken++ === 0 ? fault() : undefined);
              const answer = await send(at.origin, line, { cookie, json: remember ? { remember } : {} });
              at.store.before = () => undefined;
              const where = `${verb}, remembered: ${remember}`;
              if (broken === 0) {
                expect(answer.status, where).to.equal(200);
                continue;
              }
              expect(answer.status, where).to.equal(503);
              expect(answer.cookie, where).to.equal("");
              await new Promise((resolve) => setTimeout(resolve, 5)); // for work that continues after the response
              const left = await at.login.sessions.list("1");
              expect(left.length, where).to.be.at.most(1);
              if (left[0]) expect(left[0].id, where).to.equal(before!.id);
              expect(await at.store.countOf("1"), where).to.be.at.most(1);
            }
          }
        });
      }
    }
  }

  for (const what of ["confirmation", "login"]) {
    it(`stays the current login of its request if a ${what} fails`, async () => {
      for (const verb of ["create", "destroy"] as const) {
        const { app, bob, origin, store } = await accountSite();
        app.post("/try", async (req, res) => {
          await currentUser();
          const before = req.sessionID;
          store.before = (called) => (called === verb ? Promise.reject(new Error("away")) : undefined);
          const { code } = await (what === "login" ? loginUser(req, bob) : confirmLogin(req)).catch((error) => error);
          store.before = () => undefined;
          req.session.note = "kept";
          res.json([code, await userName(), req.session.auth?.userId ?? null, req.sessionID === before]);
        });
        const { cookie } = await send(origin, "POST /login/1");
        const answer = await send(origin, "POST /try", { cookie });
        expect(JSON.parse(answer.text), verb).to.eql(["store_unavailable", "Ann", "1", true]);
        expect(await usable(origin, [cookie, answer.cookie]), verb).to.eql([cookie]);
        const note = await send(origin, "GET /note", { cookie });
        expect(note.text, verb).to.equal('"kept"');
      }
    });
  }

  it("is gone from its request if another request logs out during the confirmation", async () => {
    const { app, origin, store } = await accountSite();
    app.post("/try", async (req, res) => {
      await currentUser();
      store.before = async (verb) => {
        if (verb !== "create") return;
        store.before = () => undefined;
        await send(origin, "POST /logout", { cookie: req.headers.cookie! });
      };
      const { code } = await confirmLogin(req).catch((error) => error);
      res.json([code, await userName(), req.session.auth ?? null]);
    });
    const { cookie } = await send(origin, "POST /login/1");
    const answer = await send(origin, "POST /try", { cookie });
    expect(JSON.parse(answer.text)).to.eql(["session_gone", null, null]);
  });

  it("has the time of the login as createdAt, whatever session the browser had before", async () => {
    const clock = sinon.useFakeTimers({ now: Date.now(), toFake: ["Date"] });
    const { origin, login } = await accountSite();
    let { cookie } = await send(origin, "POST /note/cart");
    for (const line of ["POST /login/1", "POST /login/1", "POST /login/2"]) {
      clock.tick(SECOND);
      ({ cookie } = await send(origin, line, { cookie }));
      const all = await login.sessions.list(line.slice(-1));
      expect(all.map(({ createdAt }) => Number(createdAt))).to.eql([Date.now()]);
    }
  });

  it("gets a response within storeTimeout plus 100 ms if a store call hangs", async () => {
    const clock = sinon.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] });
    for (const line of MOVES) {
      for (const verb of VERBS) {
        const { origin, store } = await accountSite({ storeTimeout: TIMEOUT });
        const { cookie } = await send(origin, "POST /login/1", { json: { remember: true } });
        const hanging = new Gate();
        let hung = 0;
        store.before = (called) => (called === verb && hung++ === 0 ? hanging.pass() : undefined);
        const answered = send(origin, line, { cookie });
        await Promise.race([hanging.arrived(), answered]);
        for (let passed = 0; passed < TIMEOUT + 100; passed += 10) await clock.tickAsync(10);
        const { status } = await answered; // hangs if the response needs more time than has passed
        expect(status, `${line}, ${verb}`).to.be.oneOf([200, 503]);
      }
    }
  });

  it("fails if the store responds too late, and leaves no extra session when the store acts later", async () => {
    for (const line of MOVES) {
      for (const slow of ["create", "destroy"] as const) {
        const { origin, store } = await accountSite({ storeTimeout: TIMEOUT });
        const { cookie } = await send(origin, "POST /login/1");
        const { inner } = store;
        let release = () => {};
        const released = new Promise<void>((resolve) => {
          release = resolve;
        });
        const call = inner[slow].bind(inner) as (...args: unknown[]) => Promise<never>;
        sinon.replace(inner, slow, ((...args: unknown[]) => released.then(() => call(...args))) as never);
        expect((await send(origin, line, { cookie })).status, `${line}, ${slow}`).to.equal(503);
        release();
        await new Promise((resolve) => setTimeout(resolve, 10));
        sinon.restore();
        const left = await usable(origin, [cookie]);
        expect(await storedSessions(inner, "1"), `${line}, ${slow}`).to.have.lengthOf(left.length);
      }
    }
  });

  it("is pending at first if onLimit is refuse: its cookie is not valid, and its record ends after 30 s", async () => {
    const clock = sinon.useFakeTimers({ now: Date.now(), toFake: ["Date"] });
    const limited = { maxSessions: 3, onLimit: "refuse" } as const;
    let moving: Request | undefined;
    const fingerprint = (req: Request) => {
      if (req.method === "POST") moving ??= req;
      return "the same";
    };
    const { origin, store } = await accountSite({ ...limited, fingerprint, storeTimeout: "30s" });
    const { cookie } = await send(origin, "POST /login/1");
    moving = undefined;
    const seen: number[] = [];
    store.before = async (verb) => {
      if (verb !== "destroy" && verb !== "update") return;
      const { before } = store;
      store.before = () => undefined;
      const pending = sealed(moving!.sessionID);
      expect(pending).not.to.equal(cookie);
      for (const one of ["GET /me", "POST /confirm", "GET /sessions", "POST /password"]) {
        seen.push((await send(origin, one, { cookie: pending })).status);
      }
      store.before = before;
    };
    expect((await send(origin, "POST /login/1", { cookie })).status).to.equal(200);
    expect(seen).to.eql(Array(8).fill(401));

    const other = await accountSite({ ...limited, storeTimeout: TIMEOUT });
    const own = await send(other.origin, "POST /login/1");
    other.store.before = (verb) => (verb === "destroy" || verb === "update" ? new Promise(() => {}) : undefined);
    expect((await send(other.origin, "POST /login/1", { cookie: own.cookie })).status).to.equal(503);
    const stored = async () => (await storedSessions(other.store.inner, "1")).length;
    expect(await stored()).to.equal(2);
    clock.tick(30 * SECOND - 1);
    expect(await stored()).to.equal(2);
    clock.tick(1);
    expect(await stored()).to.equal(1);
  });

  it(`is moved by one of ${AT_ONCE} concurrent confirmations; the others get 401 (${TRIALS} times)`, async () => {
    const { app, origin, byId, store } = await accountSite({ storeTimeout: "30s" });
    addCrowd(byId);
    const { gate, wait } = gates();
    const loaded: RequestHandler = (_req, _res, next) => void currentUser().then(() => next(), next);
    app.post("/confirm/:trial", loaded, wait, (req, res, next) => {
      confirmLogin(req).then(() => res.send("confirmed"), next);
    });
    const right = await countTrials(
      TRIALS,
      async (trial) => {
        const id = String(trial + 4);
        const { cookie } = await send(origin, `POST /login/${id}`);
        const all = Array.from({ length: AT_ONCE }, () => send(origin, `POST /confirm/${trial}`, { cookie }));
        await gate(trial).arrived(AT_ONCE);
        gate(trial).open();
        const during = Array.from({ length: AT_ONCE }, () => send(origin, "GET /me", { cookie }));
        const answers = await Promise.all(all);
        const others = await Promise.all(during);
        const won = answers.filter(({ status }) => status === 200);
        const told = answers.filter(({ status, headers }) => status === 401 && headers["set-cookie"] === undefined);
        const quiet = others.filter(
          ({ status, headers }) => [200, 401].includes(status) && headers["set-cookie"] === undefined,
        );
        const live = await usable(origin, [cookie, ...answers.map((answer) => answer.cookie)]);
        return (
          won.length === 1 &&
          told.length === AT_ONCE - 1 &&
          quiet.length === AT_ONCE &&
          live.join() === won[0]!.cookie &&
          (await store.countOf(id)) === 1
        );
      },
      4,
    );
    expect(right).to.equal(TRIALS);
  });

  it(`is not valid under its old ids: ${trials(1000, 100)} of ${trials(1000, 100)} times`, async () => {
    const { origin } = await accountSite();
    let { cookie } = await send(origin, "POST /login/1");
    const old: string[] = [];
    for (let n = 0; n < trials(1000, 100); n++) {
      old.push(cookie);
      ({ cookie } = await send(origin, n % 2 ? "POST /confirm" : "POST /login/1", { cookie }));
    }
    expect(await usable(origin, [...old, cookie])).to.eql([cookie]);
    expect(new Set(old.map((one) => only("sid", one))).size).to.equal(old.length);
  });

  it("is ended by a new login of the same browser, even if a confirmation moves it during that login", async () => {
    const { origin, store } = await accountSite();
    for (const other of ["1", "2"]) {
      const { cookie } = await send(origin, "POST /login/1");
      let confirmed = "";
      let reads = 0;
      store.before = async (verb) => {
        if (verb !== "create" || reads++ > 0) return;
        confirmed = (await send(origin, "POST /confirm", { cookie })).cookie;
      };
      const entered = await send(origin, `POST /login/${other}`, { cookie });
      store.before = () => undefined;
      expect(await usable(origin, [cookie, confirmed, entered.cookie])).to.eql([entered.cookie]);
    }
  });
});

/** The name of the current user, or null. */
async function userName(): Promise<string | null> {
  return ((await currentUser()) as { name?: string }).name ?? null;
}

/** The session cookie for an id, signed in the same way as on the site. */
function sealed(sid: string): string {
  const signature = createHmac("sha256", SECRET).update(sid).digest("base64").replace(/=+$/, "");
  return `sid=${encodeURIComponent(`s:${sid}.${signature}`)}`;
}
