import { expect } from "chai";
import {
  confirmLogin,
  freshLoginRequired,
  type LoginInfo,
  LoginManager,
  loginUser,
  MemoryStore,
  pendingUser,
} from "latchkey";
import { loginAs } from "latchkey/testing";
import sinon from "sinon";
import { apiClient, Browser } from "../support/browser.js";
import { factorSite, type Who } from "../support/factor-site.js";
import { SECRET } from "../support/people.js";
import { serve } from "../support/server.js";

const MINUTE = 60_000;
const PWD = { json: { methods: ["pwd"] } };
const OTP = { json: { methods: ["otp"] } };
const REMEMBERED = { json: { methods: ["pwd"], remember: true } };

describe("requiredMethods", () => {
  let clock: sinon.SinonFakeTimers;
  beforeEach(() => {
    clock = sinon.useFakeTimers({ now: Date.now(), toFake: ["Date"] });
  });
  afterEach(() => sinon.restore());

  async function visit(options: Parameters<typeof factorSite>[0] = {}) {
    const at = factorSite({ store: new MemoryStore(), ...options });
    const told: string[] = [];
    for (const name of ["loggedIn", "loginPending", "loginConfirmed", "loggedOut", "methodRequired"] as const) {
      at.login.on(name, () => void told.push(name));
    }
    const origin = await serve(at.app);
    const client = apiClient(origin);
    const who = async (one = client) => (await one.get("/who")).json<Who>();
    const logins = async (id = "1") => (await client.get(`/logins/${id}`)).json<LoginInfo[]>();
    return { ...at, origin, client, told, who, logins };
  }

  it("logs a user in at once who need not show a further method", async () => {
    const { client, who, told } = await visit();
    expect((await client.post("/login/2", PWD)).text).to.equal("true");
    expect(await who()).to.eql({ user: "2", pending: null });
    expect(told).to.eql(["loggedIn"]);
  });

  it("logs nobody in until the user has shown the method", async () => {
    const { client, who, told, logins } = await visit();
    expect((await client.post("/login/1", PWD)).text).to.equal("true");
    expect(await who()).to.eql({ user: null, pending: "1" });
    expect(await logins()).to.eql([]);
    expect((await client.get("/me")).status).to.equal(401);
    expect(told).to.eql(["loginPending", "methodRequired"]);
    expect((await client.post("/confirm", OTP)).status).to.equal(200);
    expect(await who()).to.eql({ user: "1", pending: null });
    expect((await client.get("/me")).text).to.equal('"through"');
    expect(told).to.eql(["loginPending", "methodRequired", "loggedIn"]);
    const [login] = await logins();
    expect(login).to.include({ fresh: true, current: true });
    expect(login!.methods).to.eql({ pwd: Date.now(), otp: Date.now() });
  });

  it("uses a new session id for each step, and ends the previous one", async () => {
    const { client, origin, who } = await visit();
    await client.post("/note/cart");
    const ids = [await client.cookie("sid")];
    for (const step of [() => client.post("/login/1", PWD), () => client.post("/confirm", OTP)]) {
      await step();
      ids.push(await client.cookie("sid"));
    }
    expect(new Set(ids).size).to.equal(3);
    expect((await client.get("/note")).text).to.equal('"cart"');
    for (const old of ids.slice(0, 2)) {
      const thief = apiClient(origin);
      await thief.setCookie("sid", old!);
      expect(await who(thief)).to.eql({ user: null, pending: null });
      expect((await thief.post("/confirm", OTP)).status).to.equal(401);
    }
  });

  it("asks for each method that is missing, and moves the login at each", async () => {
    const { client, factors, who, told } = await visit();
    factors.set("1", ["otp", "hwk"]);
    await client.post("/login/1", PWD);
    await client.post("/confirm", OTP);
    expect(await who()).to.eql({ user: null, pending: "1" });
    expect((await client.get("/me")).json()).to.deep.include({
      code: "method_required",
      methods: ["hwk"],
      status: 401,
    });
    await client.post("/confirm", { json: { methods: ["hwk"] } });
    expect(await who()).to.eql({ user: "1", pending: null });
    expect(told).to.eql(["loginPending", "loginPending", "methodRequired", "loggedIn"]);
  });

  it("completes a login at once if all methods are shown together", async () => {
    const { client, who, told } = await visit();
    await client.post("/login/1", { json: { methods: ["pwd", "otp"] } });
    expect(await who()).to.eql({ user: "1", pending: null });
    expect(told).to.eql(["loggedIn"]);
  });

  it("does not complete a login without the method, however often it is confirmed", async () => {
    const { client, who } = await visit();
    await client.post("/login/1", PWD);
    for (const methods of [[], ["pwd"], ["OTP"]]) {
      expect((await client.post("/confirm", { json: { methods } })).status).to.equal(200);
      expect(await who()).to.eql({ user: null, pending: "1" });
    }
  });

  it("lapses after methodTimeout, which further steps do not extend, and keeps the visitor's session", async () => {
    const { client, who, told, factors } = await visit({ methodTimeout: "5m" });
    factors.set("1", ["otp", "hwk"]);
    await client.post("/note/cart");
    await client.post("/login/1", PWD);
    clock.tick(4 * MINUTE);
    await client.post("/confirm", OTP);
    clock.tick(MINUTE - 1);
    expect(await who()).to.eql({ user: null, pending: "1" });
    clock.tick(1);
    expect(await who()).to.eql({ user: null, pending: null });
    expect((await client.get("/me")).json()).to.include({ code: "login_required" });
    expect((await client.post("/confirm", { json: { methods: ["hwk"] } })).status).to.equal(401);
    expect((await client.get("/note")).text).to.equal('"cart"');
    expect(told).to.eql(["loginPending", "loginPending"]);
  });

  it("lapses also while the request waits for the method", async () => {
    const { client, app, who } = await visit({ methodTimeout: "5m" });
    app.post("/wait/:minutes", async (req, res, next) => {
      expect(await pendingUser(req)).to.include({ id: "1" });
      clock.tick(Number(req.params.minutes) * MINUTE);
      confirmLogin(req, { methods: ["otp"] }).then(() => res.json(null), next);
    });
    await client.post("/login/1", PWD);
    expect((await client.post("/wait/5")).status).to.equal(401);
    expect(await who()).to.eql({ user: null, pending: null });
    await client.post("/login/1", PWD);
    expect((await client.post("/wait/4")).status).to.equal(200);
    expect(await who()).to.eql({ user: "1", pending: null });
  });

  it("drops the values of a lapsed login when another user logs in", async () => {
    const { client } = await visit({ methodTimeout: "5m" });
    await client.post("/login/1", PWD);
    await client.post("/note/private");
    clock.tick(5 * MINUTE);
    await client.post("/login/2", PWD);
    expect((await client.get("/note")).text).to.equal("null");
  });

  it("begins again with loginUser, for the same user and for another", async () => {
    const { client, who } = await visit({ methodTimeout: "5m" });
    await client.post("/login/1", PWD);
    clock.tick(4 * MINUTE);
    await client.post("/login/1", PWD);
    clock.tick(4 * MINUTE);
    expect(await who()).to.eql({ user: null, pending: "1" });
    await client.post("/login/2", PWD);
    expect(await who()).to.eql({ user: "2", pending: null });
    await client.post("/login/1", PWD);
    expect(await who()).to.eql({ user: null, pending: "1" });
  });

  it("is given up by a logout, which is no loggedOut, and is ended by revokeAll, which does not count it", async () => {
    const { client, origin, who, told } = await visit();
    await client.post("/login/1", PWD);
    await client.post("/logout");
    expect(await who()).to.eql({ user: null, pending: null });
    await client.post("/login/1", PWD);
    expect((await apiClient(origin).post("/end/1")).text).to.equal("0");
    expect(await who()).to.eql({ user: null, pending: null });
    expect((await client.post("/confirm", OTP)).status).to.equal(401);
    expect(told).to.eql(["loginPending", "loginPending"]);
  });

  it("ends when the user's stamp changes, the user disappears, or is no longer active", async () => {
    const changes: Array<(at: Awaited<ReturnType<typeof visit>>) => unknown> = [
      ({ ann }) => (ann.stamp = "2"),
      ({ byId }) => byId.delete("1"),
      ({ ann }) => (ann.isActive = false),
    ];
    for (const change of changes) {
      const at = await visit();
      await at.client.post("/login/1", PWD);
      change(at);
      expect(await at.who()).to.eql({ user: null, pending: null });
      expect((await at.client.post("/confirm", OTP)).status).to.equal(401);
    }
  });

  it("is not completed by the credentials of another user", async () => {
    const { client, login, app, bob, who } = await visit();
    app.post("/confirm-as-bob", async (req, res) => {
      await confirmLogin(req, { user: bob, methods: ["otp"] }).then(
        () => res.json("confirmed"),
        ({ code }) => res.json(code),
      );
    });
    await client.post("/login/1", PWD);
    expect((await client.post("/confirm-as-bob")).text).to.equal('"other_user"');
    expect(await who()).to.eql({ user: null, pending: "1" });
    expect(login.policy().methodTimeout).to.equal(10 * MINUTE);
  });

  it("takes no part in maxSessions until it is complete", async () => {
    for (const onLimit of ["end-oldest", "refuse"] as const) {
      const { client, origin, who, login } = await visit({ maxSessions: 1, onLimit });
      const refused = sinon.fake();
      login.on("loginRefused", refused);
      const first = apiClient(origin);
      await first.post("/login/1", { json: { methods: ["pwd", "otp"] } });
      expect((await client.post("/login/1", PWD)).status).to.equal(200);
      expect(await who(first)).to.eql({ user: "1", pending: null });
      const { status } = await client.post("/confirm", OTP);
      if (onLimit === "refuse") {
        expect([status, refused.callCount]).to.eql([403, 1]);
        expect(await who(first)).to.eql({ user: "1", pending: null });
        expect(await who()).to.eql({ user: null, pending: "1" });
      } else {
        expect(status).to.equal(200);
        expect(await who(first)).to.eql({ user: null, pending: null });
        expect(await who()).to.eql({ user: "1", pending: null });
      }
    }
  });

  for (const mode of ["persistent", "stateless"] as const) {
    it(`remembers the user once the login is complete, and keeps the methods (${mode})`, async () => {
      const { client, who, logins } = await visit({ remember: { mode } });
      await client.post("/login/1", REMEMBERED);
      expect(await client.cookie("remember")).to.equal(undefined);
      clock.tick(MINUTE);
      await client.post("/confirm", OTP);
      expect(await client.cookie("remember")).to.be.a("string");
      const at = Date.now();
      for (let restart = 0; restart < 2; restart++) {
        clock.tick(2 * MINUTE);
        await client.restart();
        expect(await who()).to.eql({ user: "1", pending: null });
        const [login] = await logins();
        expect(login).to.include({ fresh: false, remembered: true });
        expect(login!.methods).to.eql({ pwd: at - MINUTE, otp: at });
        expect((await client.get("/fresh-otp")).status).to.equal(403);
      }
      await client.post("/confirm", { json: { methods: ["pwd"] } });
      expect((await client.get("/fresh")).status).to.equal(200);
      expect((await client.get("/fresh-otp")).json()).to.include({ code: "method_required", status: 403 });
      await client.post("/confirm", OTP);
      expect((await client.get("/fresh-otp")).status).to.equal(200);
    });

    it(`asks a remembered browser for a method that became required, once (${mode})`, async () => {
      const { client, factors, who } = await visit({ remember: { mode } });
      factors.clear();
      await client.post("/login/1", REMEMBERED);
      factors.set("1", ["otp"]);
      expect(await who()).to.eql({ user: null, pending: "1" });
      clock.tick(2 * MINUTE);
      await client.restart();
      expect(await who()).to.eql({ user: null, pending: "1" });
      await client.post("/confirm", OTP);
      expect(await who()).to.eql({ user: "1", pending: null });
      clock.tick(2 * MINUTE);
      await client.restart();
      expect(await who()).to.eql({ user: "1", pending: null });
    });

    it(`does not restore a remembered login over one that is not complete (${mode})`, async () => {
      const { client, origin, who } = await visit({ remember: { mode } });
      await client.post("/login/2", { json: { methods: ["pwd"], remember: true } });
      const remembered = await client.cookie("remember");
      const other = apiClient(origin);
      await other.post("/login/1", PWD);
      await other.setCookie("remember", remembered!);
      expect(await who(other)).to.eql({ user: null, pending: "1" });
      await other.post("/confirm", OTP);
      expect(await who(other)).to.eql({ user: "1", pending: null });
    });
  }

  it("does not let a user of the request loader complete or use somebody's login", async () => {
    const { client, bob, login } = await visit({ methodTimeout: "5m" });
    login.requestLoader((req) => (req.get("authorization") === "Bearer bob" ? bob : null));
    const headers = { authorization: "Bearer bob" };
    await client.post("/login/1", PWD);
    expect((await client.get("/who", { headers })).json()).to.eql({ user: null, pending: "1" });
    clock.tick(5 * MINUTE);
    expect((await client.get("/who", { headers })).json()).to.eql({ user: "2", pending: null });
    expect((await client.get("/fresh", { headers })).status).to.equal(403);
    expect((await client.post("/confirm", { ...OTP, headers })).status).to.equal(401);
  });

  it("no longer counts methods as recent when another client uses the session", async () => {
    const { client, who } = await visit();
    await client.post("/login/1", { json: { methods: ["pwd", "otp"] } });
    expect((await client.get("/fresh-otp")).status).to.equal(200);
    const headers = { "user-agent": "another" };
    expect((await client.get("/fresh-otp", { headers })).json()).to.include({ code: "method_required" });
    expect(await who()).to.eql({ user: "1", pending: null });
    expect((await client.get("/fresh-otp")).status).to.equal(403);
  });

  it("no longer counts them for another client either if the login was never fresh", async () => {
    const { client } = await visit();
    await client.post("/login/1", { json: { fresh: false, methods: { otp: Date.now() } } });
    expect((await client.get("/fresh-otp")).status).to.equal(200);
    const headers = { "user-agent": "another" };
    expect((await client.get("/fresh-otp", { headers })).json()).to.include({ code: "method_required" });
    expect((await client.get("/fresh-otp")).status).to.equal(403);
  });

  it("counts each method for as long as the guard says", async () => {
    const { client } = await visit({ freshFor: "1h" });
    await client.post("/login/1", { json: { methods: ["pwd", "otp"] } });
    clock.tick(10 * MINUTE);
    await client.post("/confirm", { json: { methods: ["pwd"] } });
    expect((await client.get("/recent-otp")).status).to.equal(200);
    clock.tick(1);
    expect((await client.get("/recent-otp")).status).to.equal(403);
    expect((await client.get("/fresh-otp")).status).to.equal(200);
    clock.tick(50 * MINUTE);
    expect((await client.get("/fresh-otp")).status).to.equal(403);
    expect((await client.get("/fresh")).status).to.equal(200);
  });

  it("asks for whatever the user must show with methods: required, and for any credentials if that is nothing", async () => {
    const { client, app } = await visit({ freshFor: "1h" });
    app.get("/required", freshLoginRequired({ methods: "required" }), (_req, res) => void res.json("through"));
    await client.post("/login/1", { json: { methods: ["pwd", "otp"] } });
    clock.tick(59 * MINUTE);
    await client.post("/confirm", { json: { methods: ["pwd"] } });
    expect((await client.get("/required")).status).to.equal(200);
    clock.tick(2 * MINUTE);
    expect((await client.get("/required")).json()).to.deep.include({ code: "method_required", methods: ["otp"] });
    await client.post("/login/2", PWD);
    expect((await client.get("/required")).status).to.equal(200);
    clock.tick(61 * MINUTE);
    expect((await client.get("/required")).json()).to.include({ code: "fresh_login_required" });
  });

  it("takes the time of each method, and never a time before the one that it has", async () => {
    const { client, logins } = await visit();
    const now = Date.now();
    const [old, older] = [now - 20 * MINUTE, now - 40 * MINUTE];
    await client.post("/login/1", { json: { methods: { pwd: now, otp: old } } });
    expect((await logins())[0]!.methods).to.eql({ pwd: now, otp: old });
    expect((await client.get("/recent-otp")).status).to.equal(403);
    await client.post("/confirm", { json: { methods: { otp: older }, authTime: older } });
    expect((await logins())[0]!.methods).to.eql({ pwd: now, otp: old });
    expect((await logins())[0]!.fresh).to.equal(true);
    await client.post("/confirm", OTP);
    expect((await client.get("/recent-otp")).status).to.equal(200);
    for (const methods of [{ otp: "now" }, { otp: now / 1000 }, { "a b": now }]) {
      expect((await client.post("/login/1", { json: { methods } })).status).to.equal(500);
    }
  });

  it("sends pages to methodView with the page to return to, and lets safeNext refuse methodView", async () => {
    const { origin, client } = await visit();
    const browser = new Browser(origin);
    await browser.post("/login/1", PWD);
    expect((await browser.get("/me")).location).to.equal("/factor?next=%2Fme");
    await browser.post("/confirm", OTP);
    await browser.post("/confirm", { json: { methods: ["pwd"] } });
    clock.tick(11 * MINUTE);
    expect((await browser.get("/recent-otp")).location).to.equal("/factor?next=%2Frecent-otp");
    await client.post("/login/1", PWD);
    const { headers } = await client.get("/me");
    expect(headers.get("www-authenticate")).to.equal("Cookie");
  });

  it("calls onMethodRequired instead of redirecting, with the missing methods in the error", async () => {
    const { origin } = await visit({ onMethodRequired: (_req, _res, next) => next() });
    const browser = new Browser(origin);
    await browser.post("/login/1", PWD);
    expect((await browser.get("/me")).status).to.equal(401);
  });

  it("fails closed if the option throws, or returns anything but methods", async () => {
    for (const requiredMethods of [() => Promise.reject(new Error("away")), () => "otp", () => undefined, () => [1]]) {
      const { client, factors } = await visit({ requiredMethods: requiredMethods as never });
      factors.clear();
      expect((await client.post("/login/2", PWD)).status).to.equal(500);
      expect((await client.get("/me")).status).to.equal(401);
    }
  });

  it("names a bad method", async () => {
    const { client } = await visit();
    for (const methods of ["otp", [""], ["a b"], ["__proto__"], [1], ["x".repeat(33)], Array(17).fill("a")]) {
      expect((await client.post("/login/1", { json: { methods } })).status).to.equal(500);
    }
    expect(
      () => new LoginManager({ secret: SECRET, userLoader: () => null, requiredMethods: ["otp"] as never }),
    ).to.throw("requiredMethods: expected a function, not an array");
  });

  it("does not take an undefined time for now, or a Map for an object", async () => {
    const { client, app, ann, who } = await visit();
    const given: unknown[] = [{ pwd: Date.now(), otp: undefined }, new Map([["otp", Date.now()]]), new Set(["otp"])];
    app.post("/given/:n", async (req, res) => {
      const methods = given[Number(req.params.n)] as never;
      const told = async (verb: Promise<unknown>) => verb.then(String, ({ message }: Error) => message);
      res.json([await told(loginUser(req, ann, { methods })), await told(confirmLogin(req, { methods }))]);
    });
    const kinds = "expected an array, or an object such as { pwd: time }, not a Map, a Set or the like";
    const problems = ["methods.otp: expected a Date or milliseconds, not undefined", `methods: ${kinds}`];
    for (const n of given.keys()) {
      await client.post("/login/1", PWD);
      const problem = problems[Math.min(n, 1)];
      expect((await client.post(`/given/${n}`)).json()).to.eql([problem, problem]);
      expect(await who()).to.eql({ user: null, pending: "1" });
    }
  });

  it("is met by a login that loginAs makes", async () => {
    const { login, ann, origin } = await visit();
    const cookie = await loginAs(login, ann);
    expect((await apiClient(origin).get("/fresh-otp", { headers: { cookie } })).status).to.equal(200);
    const without = await loginAs(login, ann, { methods: ["pwd"] });
    expect((await apiClient(origin).get("/who", { headers: { cookie: without } })).json()).to.eql({
      user: null,
      pending: "1",
    });
  });

  it("gives nobody to an upgrade while the login is not complete", async () => {
    const { client, login, app } = await visit();
    app.get("/authenticate", async (req, res) => void res.json((await login.authenticate(req))?.id ?? null));
    await client.post("/login/1", PWD);
    expect((await client.get("/authenticate")).text).to.equal("null");
    await client.post("/confirm", OTP);
    expect((await client.get("/authenticate")).text).to.equal('"1"');
  });
});
