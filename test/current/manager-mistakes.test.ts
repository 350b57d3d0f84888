import { expect } from "chai";
import express, { type Express, type NextFunction, type Request, type Response } from "express";
import session from "express-session";
import { LoginManager, MemoryStore } from "latchkey";
import { apiClient } from "../support/browser.js";
import { SECRET } from "../support/people.js";
import { serve } from "../support/server.js";

/** A user without a stamp, so that nothing else in a login says to which kind of users it belongs. */
interface Plain {
  kind: "customer" | "staff";
  id: string;
}

type Manager = LoginManager<Plain>;

function manager(kind: Plain["kind"], realm: string | undefined, load?: (req: Request) => Promise<unknown>): Manager {
  return new LoginManager<Plain>({
    secret: SECRET,
    store: new MemoryStore(),
    ...(realm !== undefined && { realm }),
    userLoader: async (id, req) => {
      await load?.(req);
      return { kind, id };
    },
  });
}

/** A site on which each manager handles requests of its own, below `/customer` and `/staff`. */
function separateRoutes(
  realms: readonly [string | undefined, string | undefined],
  mount: (app: Express, customers: Manager, staff: Manager) => void,
) {
  const byKind = { customer: manager("customer", realms[0]), staff: manager("staff", realms[1]) };
  const app = express();
  app.set("env", "test");
  mount(app, byKind.customer, byKind.staff);
  for (const kind of ["customer", "staff"] as const) {
    const login = byKind[kind];
    app.post(`/${kind}/login/:id`, async (req, res) => {
      await login.loginUser(req, { kind, id: req.params.id });
      res.json(req.session.note ?? null);
    });
    app.post(`/${kind}/note`, (req, res) => {
      req.session.note = kind;
      res.json(null);
    });
    app.get(`/${kind}/who`, async (req, res) => {
      const [user, upgraded] = [await login.currentUser(req), await login.authenticate(req)];
      res.json(["kind" in user ? `${user.kind} ${user.id}` : null, upgraded?.kind ?? null]);
    });
  }
  app.use((error: { code: string }, _req: Request, res: Response, _next: NextFunction) => {
    res.status(500).json(error.code);
  });
  return app;
}

describe("two managers that share req.session", () => {
  for (const realms of [
    ["customers", "staff"],
    [undefined, "staff"],
    [undefined, undefined],
  ] as const) {
    it(`fail if session() and middleware() belong to two managers, with the realms ${realms.join(" and ")}`, async () => {
      const app = separateRoutes(realms, (application, customers, staff) => {
        application.use(customers.session());
        application.use("/staff", staff.middleware());
        application.use("/customer", customers.middleware());
      });
      const client = apiClient(await serve(app));
      expect((await client.post("/staff/login/1")).text).to.equal('"second_manager"');
      await client.post("/customer/login/1");
      expect((await client.get("/customer/who")).json()).to.eql(["customer 1", "customer"]);
      expect((await client.get("/staff/who")).text).to.equal('"second_manager"');
    });
  }

  for (const realms of [
    ["customers", "staff"],
    [undefined, "staff"],
  ] as const) {
    it(`do not take each other's users from one express-session, with the realms ${realms.join(" and ")}`, async () => {
      const app = separateRoutes(realms, (application, customers, staff) => {
        application.use(session({ secret: SECRET, resave: false, saveUninitialized: false }));
        application.use("/staff", staff.middleware());
        application.use("/customer", customers.middleware());
      });
      const client = apiClient(await serve(app));
      const who = async () => [
        (await client.get("/customer/who")).json<unknown[]>(),
        (await client.get("/staff/who")).json<unknown[]>(),
      ];
      await client.post("/staff/login/1");
      expect(await who()).to.eql([
        [null, null],
        ["staff 1", "staff"],
      ]);
      await client.post("/staff/note");
      // One session has one login. The values of the employee are not the customer's, although the ids are the same.
      expect((await client.post("/customer/login/1")).json()).to.equal(null);
      expect(await who()).to.eql([
        ["customer 1", "customer"],
        [null, null],
      ]);
      expect((await client.post("/customer/login/1")).status).to.equal(200);
    });
  }
});

describe("loaders of two managers in one request", () => {
  /** A site on which loaders ask for the user of the other manager. Returns what a request gets from both. */
  async function asking(isMutual: boolean, ask: (customers: Manager, staff: Manager, req: Request) => unknown) {
    let isOn = false;
    const customers: Manager = manager("customer", undefined, async (req) => isOn && (await staff.currentUser(req)));
    const staff: Manager = manager("staff", "staff", async (req) => {
      if (isOn && isMutual) await customers.currentUser(req);
    });
    const app = express();
    for (const one of [customers, staff]) one.init(app);
    app.post("/login", async (req, res) => {
      await customers.loginUser(req, { kind: "customer", id: "1" });
      await staff.loginUser(req, { kind: "staff", id: "1" });
      isOn = true;
      res.json(null);
    });
    app.get("/who", async (req, res) => void res.json(await ask(customers, staff, req)));
    const client = apiClient(await serve(app));
    await client.post("/login");
    return (await client.get("/who")).json();
  }

  const code = ({ code: found }: { code?: string }) => found;
  const kindOf = (user: object) => (user as Partial<Plain>).kind ?? null;

  it("may ask for the user of the other manager", async () => {
    const found = await asking(false, (customers, staff, req) =>
      Promise.all([customers.currentUser(req).then(kindOf), staff.currentUser(req).then(kindOf)]),
    );
    expect(found).to.eql(["customer", "staff"]);
  });

  it("fail instead of waiting for each other forever", async () => {
    expect(await asking(true, (customers, _, req) => customers.currentUser(req).catch(code))).to.equal("inside_loader");
    const both = await asking(true, (customers, staff, req) =>
      Promise.all([customers.currentUser(req).catch(code), staff.currentUser(req).catch(code)]),
    );
    expect(both).to.eql(["inside_loader", "inside_loader"]);
  });
});
