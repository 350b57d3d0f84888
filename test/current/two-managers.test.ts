import { expect } from "chai";
import express from "express";
import session from "express-session";
import { LoginManager, MemoryStore } from "latchkey";
import { loginAs } from "latchkey/testing";
import sinon from "sinon";
import { backendsHere, type Opened } from "../support/backends.js";
import { apiClient, Browser } from "../support/browser.js";
import { people, SECRET } from "../support/people.js";
import { runProgram } from "../support/program.js";
import { countTrials, send } from "../support/raw-client.js";
import { serve } from "../support/server.js";
import { trials } from "../support/trials.js";
import { type Both, Member, twoKinds } from "../support/two-kinds.js";

const REQUESTS = trials(10_000, 10_000, 1000);
const REMEMBERED = { json: { remember: true } };
const here = await backendsHere("memory", "redis", "sql on pg");

for (const { name, open } of here) {
  describe(`two managers in one application, with one store, on ${name}`, () => {
    let opened: Opened;
    beforeEach(async () => {
      opened = await open();
    });
    afterEach(() => opened?.close());

    async function visit(options: Parameters<typeof twoKinds>[1] = {}) {
      const { store } = opened;
      const at = twoKinds({ customers: store, staff: store }, options);
      const origin = await serve(at.app);
      const client = apiClient(origin);
      const who = async (one = client) => (await one.get("/who")).json<Both>();
      return { ...at, origin, client, who };
    }

    it("know a customer and an employee with the same id in one browser, each by cookies of their own", async () => {
      const { client, who, customers, staff } = await visit();
      expect(await who()).to.eql({ customer: null, staff: null });
      await client.post("/customer/login/1", REMEMBERED);
      expect(await who()).to.eql({ customer: "customer 1", staff: null });
      await client.post("/staff/login/1", REMEMBERED);
      expect(await who()).to.eql({ customer: "customer 1", staff: "staff 1" });
      for (const cookie of ["customers-sid", "customers-remember", "staff-sid", "staff-remember"]) {
        expect(await client.cookie(cookie), cookie).to.be.a("string");
      }
      expect((await client.get("/both")).text).to.equal('"both"');
      expect([(await customers.sessions.list("1")).length, (await staff.sessions.list("1")).length]).to.eql([1, 1]);
    });

    it("leave each other's logins alone at a logout, a revocation, a confirmation, a new stamp and a second login", async () => {
      const acts: Array<[path: string, left: string | null]> = [
        ["/logout", null],
        ["/end/1", null],
        ["/confirm", "1"],
        ["/stamp/1", "1"],
        ["/login/2", "2"],
      ];
      for (const [path, left] of acts) {
        for (const kind of ["customer", "staff"] as const) {
          const other = kind === "customer" ? "staff" : "customer";
          const { client, who, origin, customers, staff } = await visit();
          await client.post("/customer/login/1", REMEMBERED);
          await client.post("/staff/login/1", REMEMBERED);
          const cookies = async () => Promise.all(["sid", "remember"].map((one) => client.cookie(`${other}s-${one}`)));
          const before = await cookies();
          expect((await client.post(`/${kind}${path}`)).status, path).to.equal(200);
          expect(await who(), path).to.eql({
            ...{ customer: "customer 1", staff: "staff 1" },
            [kind]: left === null ? null : `${kind} ${left}`,
          });
          expect(await cookies(), path).to.eql(before);
          await client.restart();
          expect((await who())[other], `${path} after a restart`).to.equal(`${other} 1`);
          for (const login of [customers, staff]) await login.sessions.revokeAll("1");
          expect(await who(apiClient(origin))).to.eql({ customer: null, staff: null });
        }
      }
    });

    it("restore both remembered logins in one request", async () => {
      const { client, who } = await visit();
      await client.post("/customer/login/1", REMEMBERED);
      await client.post("/staff/login/2", REMEMBERED);
      await client.restart();
      expect(await who()).to.eql({ customer: "customer 1", staff: "staff 2" });
      expect(await who()).to.eql({ customer: "customer 1", staff: "staff 2" });
    });

    it(`never give a request the user of another kind or of another request (${REQUESTS} times)`, async () => {
      const { origin } = await visit();
      const clients: Array<[cookie: string, both: Both]> = [];
      for (let id = 1; id <= 6; id++) {
        const customer = (await send(origin, `POST /customer/login/${id}`, { json: {} })).cookie;
        const staff = (await send(origin, `POST /staff/login/${7 - id}`, { json: {} })).cookie;
        const both = { customer: `customer ${id}`, staff: `staff ${7 - id}` };
        clients.push([`${customer}; ${staff}`, both], [`${staff}; ${customer}`, both]);
        clients.push([customer, { ...both, staff: null }], [staff, { ...both, customer: null }]);
      }
      const right = await countTrials(REQUESTS, async (trial) => {
        const [cookie, both] = clients[(trial * 7) % clients.length]!;
        return (await send(origin, "GET /who", { cookie })).text === JSON.stringify(both);
      });
      expect(right).to.equal(REQUESTS);
    });
  });
}

describe("two managers in one application", () => {
  const stores = () => ({ customers: new MemoryStore(), staff: new MemoryStore() });

  it("send each kind of user to its own page", async () => {
    const { app, load } = twoKinds(stores());
    const browser = new Browser(await serve(app));
    expect((await browser.get("/customer")).location).to.equal("/login?next=%2Fcustomer");
    expect((await browser.get("/staff")).location).to.equal("/staff/login?next=%2Fstaff");
    await browser.post("/customer/login/1");
    expect((await browser.get("/staff")).location).to.equal("/staff/login?next=%2Fstaff");
    await browser.post("/staff/login/1");
    expect((await browser.get("/staff/admin")).status).to.equal(403);
    load("staff")("1").roles = ["admin"];
    expect((await browser.get("/staff/admin")).text).to.equal('"admin"');
    expect((await browser.get("/staff/fresh")).text).to.equal('"fresh staff"');
  });

  it("do not accept each other's cookies under the other name", async () => {
    const store = new MemoryStore();
    const { app } = twoKinds({ customers: store, staff: store });
    const origin = await serve(app);
    const { cookie } = await send(origin, "POST /customer/login/1", { json: { remember: true } });
    const renamed = cookie.replaceAll("customers-", "staff-");
    expect((await send(origin, "GET /who", { cookie: renamed })).text).to.equal('{"customer":null,"staff":null}');
  });

  it("keep the values of req.session for the first manager, and out of the second session", async () => {
    const { app, staff } = twoKinds(stores());
    app.post("/note", (req, res) => {
      req.session.note = "kept";
      res.json(req.sessionID);
    });
    app.get("/note", (req, res) => void res.json(req.session.note ?? null));
    const client = apiClient(await serve(app));
    await client.post("/staff/login/1");
    await client.post("/note");
    await client.post("/staff/logout");
    expect((await client.get("/note")).text).to.equal('"kept"');
    await client.post("/staff/login/1");
    expect((await client.get("/note")).text).to.equal('"kept"');
    expect(await staff.sessions.list("1")).to.have.length(1);
  });

  it("work with loginAs, authenticate and an own express-session of the first manager", async () => {
    const { customers, staff, app } = twoKinds(stores(), {}, (application, [first, second]) => {
      application.use(session({ secret: SECRET, resave: false, saveUninitialized: false }));
      application.use(first!.middleware());
      second!.init(application);
    });
    app.get("/authenticate", async (req, res) => {
      const found = await Promise.all([staff.authenticate(req), customers.authenticate(req)]);
      res.json(found.map((user) => user?.kind ?? null));
    });
    const origin = await serve(app);
    const cookie = await loginAs(staff, new Member("staff", "1"));
    expect((await send(origin, "GET /authenticate", { cookie })).text).to.equal('["staff",null]');
    const client = apiClient(origin);
    await client.post("/customer/login/1");
    await client.post("/staff/login/2");
    expect((await client.get("/who")).json()).to.eql({ customer: "customer 1", staff: "staff 2" });
    await client.post("/customer/logout");
    expect((await client.get("/who")).json()).to.eql({ customer: null, staff: "staff 2" });
  });

  it("answer 503 if the store of either fails to save, and keep no cookie of the failed login", async () => {
    const at = stores();
    const { app } = twoKinds(at);
    const origin = await serve(app);
    for (const [kind, store] of [
      ["customer", at.customers],
      ["staff", at.staff],
    ] as const) {
      const failing = sinon.stub(store, "create").rejects(new Error("away"));
      const answer = await send(origin, `POST /${kind}/login/1`, { json: {} });
      failing.restore();
      expect([answer.status, answer.cookie]).to.eql([503, ""]);
    }
  });

  it("mean the first manager where none is named, and warn once", async () => {
    // In a process of its own, because another test may have caused the warning already.
    const { output } = await runProgram(`
import express from "express";
import { currentUser, LoginManager, loginRequired } from "latchkey";
import { loginAs } from "latchkey/testing";

const make = (kind, realm) => new LoginManager({ secret: ${JSON.stringify(SECRET)}, realm, userLoader: (id) => ({ id, kind }) });
const [customers, staff] = [make("customer", "customers"), make("staff", "staff")];
const app = express();
customers.init(app);
staff.init(app);
app.get("/free", loginRequired(), async (_req, res) => void res.json((await currentUser()).kind));
const warnings = [];
process.on("warning", ({ name }) => void warnings.push(name));
const server = app.listen(0, async () => {
  const ask = async (cookie) => {
    const headers = { cookie, accept: "application/json" };
    const response = await fetch("http://127.0.0.1:" + server.address().port + "/free", { headers });
    return response.status === 200 ? response.json() : response.status;
  };
  const cookies = [await loginAs(staff, { id: "1", kind: "staff" }), await loginAs(customers, { id: "1", kind: "customer" })];
  const answers = [await ask(cookies[0]), await ask(cookies.join("; "))];
  console.log(JSON.stringify({ answers, warned: warnings.filter((name) => name === "LatchkeyManagerWarning").length }));
  process.exit();
});
`);
    const told = JSON.parse(output.slice(output.indexOf("{"), output.indexOf("}") + 1)) as unknown;
    expect(told).to.eql({ answers: [401, "customer"], warned: 1 });
  });

  it("are refused at start if they have the same realm or the same cookies", () => {
    const { load } = people();
    const make = (options: object) => new LoginManager({ secret: SECRET, userLoader: load, ...options });
    const pairs: Array<[object, object, string]> = [
      [{}, {}, "both have no realm"],
      [{ realm: "a" }, { realm: "a" }, 'both have the realm "a"'],
      [{ realm: "a", session: { name: "s" } }, { realm: "b", session: { name: "s" } }, "both use the cookie s"],
      [{ realm: "a", session: { name: "s" } }, { realm: "b", remember: { name: "s" } }, "both use the cookie s"],
      [{ realm: "a", session: { name: "s" } }, { realm: "b", remember: { name: "s-flash" } }, "the cookie s-flash"],
      [{ realm: "a", session: { name: "x-sid" } }, { realm: "b", session: { name: "x" } }, "the cookie x-flash"],
    ];
    for (const [first, second, problem] of pairs) {
      const app = express();
      make(first).init(app);
      expect(() => make(second).init(app)).to.throw(problem);
      expect(() => make(second).init(express())).not.to.throw();
    }
    const app = express();
    const login = make({});
    login.init(app);
    expect(() => login.init(app)).not.to.throw();
    expect(() => make({ realm: "staff" }).init(app)).not.to.throw();
  });

  it("say which manager is missing", async () => {
    const { staff, app } = twoKinds(stores(), {}, (application, [first]) => first!.init(application));
    app.get("/missing", (req, res) => void staff.isFresh(req).catch(({ code }) => res.json(code)));
    expect((await send(await serve(app), "GET /missing")).text).to.equal('"middleware_missing"');
  });

  it("say that a cookie's path does not cover the request", async () => {
    const app = express();
    const load = people().load;
    new LoginManager({ secret: SECRET, userLoader: load }).init(app);
    const cookie = { path: "/staff" };
    const staff = new LoginManager({ secret: SECRET, userLoader: load, realm: "staff", session: { cookie } });
    staff.init(app);
    app.get("/{*path}", (req, res) => {
      const told = (text: string) => void res.json(text);
      staff
        .isFresh(req)
        .then(String, ({ message }: Error) => message)
        .then(told);
    });
    const origin = await serve(app);
    expect((await send(origin, "GET /staff/who")).text).to.equal('"false"');
    expect((await send(origin, "GET /who")).text).to.include("session cookie does not cover this request");
  });
});
