import express, { type Express, type Request, type Response } from "express";
import { LoginManager, type LoginManagerOptions, type LoginOptions, type SessionStore, UserMixin } from "latchkey";
import { SECRET } from "./people.js";

/** A user of one of the two kinds. The ids of both kinds are the same. */
export class Member extends UserMixin {
  roles: string[] = [];
  stamp = "1";

  constructor(
    readonly kind: "customer" | "staff",
    readonly id: string,
  ) {
    super();
  }

  getSessionStamp(): string {
    return this.stamp;
  }
}

/** The customer and the employee of a request, each as `kind id`. */
export interface Both {
  customer: string | null;
  staff: string | null;
}

/** A site with customers, whose manager is the first, and staff. Both managers may share a store. */
export function twoKinds(
  stores: { customers: SessionStore; staff: SessionStore },
  options: Partial<LoginManagerOptions<Member>> = {},
  mount = (app: Express, managers: Array<LoginManager<Member>>) => {
    for (const manager of managers) manager.init(app);
  },
) {
  const all = new Map<string, Member>();
  const load = (kind: Member["kind"]) => (id: string) => {
    const key = `${kind} ${id}`;
    if (!all.has(key)) all.set(key, new Member(kind, id));
    return all.get(key)!;
  };
  const manager = (kind: Member["kind"], more: Partial<LoginManagerOptions<Member>>) =>
    new LoginManager<Member>({ secret: SECRET, storeTimeout: "30s", userLoader: load(kind), ...options, ...more });
  const customers = manager("customer", { store: stores.customers, realm: "customers", loginView: "/login" });
  const staff = manager("staff", { store: stores.staff, realm: "staff", loginView: "/staff/login" });
  const byKind = { customer: customers, staff };
  const app = express();
  app.set("env", "test");
  mount(app, [customers, staff]);
  app.use(express.json());

  type Act = (login: LoginManager<Member>, req: Request, load: (id: string) => Member) => Promise<unknown>;
  const post = (path: string, act: Act) =>
    app.post(`/:kind${path}`, (req: Request, res: Response, next) => {
      const kind = req.params.kind as Member["kind"];
      act(byKind[kind], req, load(kind)).then((done) => res.json(done ?? null), next);
    });
  post("/login/:id", (login, req, find) =>
    login.loginUser(req, find(req.params.id as string), req.body as LoginOptions),
  );
  post("/logout", (login, req) => login.logoutUser(req));
  post("/confirm", (login, req) => login.confirmLogin(req));
  post("/end/:id", (login, req) => login.sessions.revokeAll(req.params.id as string, { req }));
  post("/stamp/:id", async (login, req, find) => {
    await login.currentUser(req);
    find(req.params.id as string).stamp += "x";
    await login.refreshStamp(req);
  });
  app.get("/who", (req, res, next) => {
    who(customers, staff, req).then((both) => res.json(both), next);
  });
  app.get("/customer", customers.loginRequired(), (_req, res) => void res.json("customer"));
  app.get("/staff", staff.loginRequired(), (_req, res) => void res.json("staff"));
  app.get("/staff/fresh", staff.freshLoginRequired(), (_req, res) => void res.json("fresh staff"));
  app.get("/staff/admin", staff.roleRequired("admin"), (_req, res) => void res.json("admin"));
  app.get("/both", customers.loginRequired(), staff.loginRequired(), (_req, res) => void res.json("both"));
  return { app, customers, staff, load };
}

async function who(customers: LoginManager<Member>, staff: LoginManager<Member>, req: Request): Promise<Both> {
  const name = async (login: LoginManager<Member>) => {
    const [here, given] = [await login.currentUser(), await login.currentUser(req)];
    if (here !== given) throw new Error("currentUser() and currentUser(req) differ");
    return "kind" in here ? `${here.kind} ${here.id}` : null;
  };
  const [customer, employee] = await Promise.all([name(customers), name(staff)]);
  if ((req.user as Member | undefined)?.kind === "staff") throw new Error("req.user is not the customer");
  return { customer, staff: employee };
}
