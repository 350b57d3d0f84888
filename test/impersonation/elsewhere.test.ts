import { expect } from "chai";
import express, { type Request, type RequestHandler } from "express";
import expressSession from "express-session";
import { LoginManager, loginUser, StoreUnavailableError, UserMixin } from "latchkey";
import { impersonate, impersonationFor, impersonator, stopImpersonating } from "latchkey/impersonation";
import { Browser } from "../support/browser.js";
import { annAt, impersonationSite, type Who, whoIn } from "../support/impersonation-site.js";
import { type Person, people, SECRET } from "../support/people.js";
import { send } from "../support/raw-client.js";
import { serve } from "../support/server.js";
import { socketSite } from "../support/sockets.js";

const act = (verb: (req: Request) => Promise<unknown>): RequestHandler => {
  return (req, res, next) => void verb(req).then((done) => res.json(done ?? null), next);
};

describe("impersonation elsewhere", () => {
  it("throws with an express-session of the application's own, and changes nothing", async () => {
    const { ann, bob, load } = people();
    const login = new LoginManager<Person>({ secret: SECRET, userLoader: load });
    const app = express();
    app.set("env", "test");
    app.use(expressSession({ secret: SECRET, resave: false, saveUninitialized: false }), login.middleware());
    app.post(
      "/login",
      act((req) => loginUser(req, ann)),
    );
    app.post(
      "/as",
      act((req) => impersonate(req, bob)),
    );
    app.post("/stop", act(stopImpersonating));
    app.get(
      "/who",
      act(async (req) => [((await login.currentUser(req)) as Person).name, await impersonator(req)]),
    );
    const browser = new Browser(await serve(app));
    await browser.post("/login");
    const { status, text } = await browser.post("/as");
    expect(status).to.equal(501);
    expect(text).to.include("this session store has no impersonate: the application&#39;s own express-session keeps");
    expect((await browser.post("/stop")).json()).to.equal(false);
    expect((await browser.get("/who")).json()).to.eql(["Ann", null]);
  });

  it("shows the user and the administrator of a WebSocket, until the impersonation ends", async () => {
    const at = await socketSite(
      {},
      {
        ask: async ({ login }, req) => {
          const user = (await login.authenticate(req)) as Person | null;
          const by = await impersonationFor(login).impersonator(req);
          return user && { name: by ? `${user.name} by ${by.name}` : user.name };
        },
      },
    );
    at.app.post(
      "/as/:id",
      act((req) => impersonate(req, at.byId.get(String(req.params.id))!)),
    );
    at.app.post("/stop", act(stopImpersonating));
    const { cookie } = await send(at.origin, "POST /login/1");
    expect((await at.open({ cookie })).who).to.equal("Ann");
    const { cookie: bobs } = await send(at.origin, "POST /as/2", { cookie });
    const socket = await at.open({ cookie: bobs });
    expect(socket.who).to.equal("Bob by Ann");
    at.ann.stamp = "2";
    expect(await socket.again()).to.equal(null);
    at.ann.stamp = "1";
    const again = await send(at.origin, "POST /login/1");
    const { cookie: second } = await send(at.origin, "POST /as/2", { cookie: again.cookie });
    const open = await at.open({ cookie: second });
    const { cookie: own } = await send(at.origin, "POST /stop", { cookie: second });
    expect(await open.again()).to.equal(null);
    expect((await at.open({ cookie: own })).who).to.equal("Ann");
  });

  for (const verb of ["/as/2", "/stop"]) {
    it(`${verb} answers 503 if the store fails at any call, and logs nobody in who should not be`, async () => {
      const allowed = verb === "/stop" ? ["Bob by Ann", "nobody"] : ["Ann", "nobody"];
      let calls = 0;
      for (let at = 1; ; at++) {
        const { origin, store } = await impersonationSite();
        const browser = await annAt(origin, { remember: at % 2 === 0 });
        if (verb === "/stop") await browser.post("/as/2");
        let call = 0;
        store.before = () => {
          if (++call === at) throw new StoreUnavailableError("away");
        };
        const { status } = await browser.post(verb);
        store.before = () => undefined;
        calls = Math.max(calls, call);
        if (call < at) break;
        expect(status, `call ${at}`).to.equal(503);
        const { user, impersonator: by }: Who = await whoIn(browser);
        expect(user ? (by ? `${user} by ${by}` : user) : "nobody", `call ${at}`).to.be.oneOf(allowed);
      }
      expect(calls).to.be.at.least(5);
    });
  }

  it("lets an employee of another manager act as a customer, and ends with the employee", async () => {
    class Member extends UserMixin {
      constructor(
        readonly id: string,
        readonly kind: "customer" | "employee",
        public stamp = "1",
      ) {
        super();
      }
      getSessionStamp(): string {
        return this.stamp;
      }
    }
    const bob = new Member("7", "customer");
    const sam = new Member("7", "employee");
    const staff = new LoginManager<Member>({ secret: SECRET, realm: "staff", userLoader: () => sam });
    // Employees are users of the customers' manager too, under ids of their own.
    const customers = new LoginManager<Member>({
      secret: SECRET,
      userId: ({ kind, id }) => (kind === "employee" ? `staff:${id}` : id),
      userLoader: (id) => (id.startsWith("staff:") ? sam : bob),
    });
    const { impersonate, impersonator } = impersonationFor(customers);
    const app = express();
    app.set("env", "test");
    customers.init(app);
    staff.init(app);
    app.post(
      "/staff/login",
      act((req) => staff.loginUser(req, sam)),
    );
    app.post(
      "/staff/as",
      staff.freshLoginRequired(),
      act(async (req) => {
        await customers.loginUser(req, (await staff.currentUser(req)) as Member);
        await impersonate(req, bob);
      }),
    );
    app.post(
      "/staff/done",
      act((req) => customers.logoutUser(req)),
    );
    app.get(
      "/who",
      act(async (req) => {
        const names = [await customers.currentUser(req), await impersonator(req), await staff.currentUser(req)];
        return names.map((one) => (one instanceof Member ? one.kind : null));
      }),
    );
    const browser = new Browser(await serve(app));
    const who = async () => (await browser.get("/who")).json();
    await browser.post("/staff/login");
    await browser.post("/staff/as");
    expect(await who()).to.eql(["customer", "employee", "employee"]);
    await browser.post("/staff/done");
    expect(await who()).to.eql([null, null, "employee"]);
    await browser.post("/staff/as");
    sam.stamp = "2";
    expect(await who()).to.eql([null, null, null]);
  });
});
