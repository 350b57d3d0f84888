import { expect } from "chai";
import type { RequestHandler } from "express";
import { freshLoginRequired, loginRequired, roleRequired } from "latchkey";
import { Authorized, Fresh } from "latchkey/routing-controllers";
import { Get, JsonController, useExpressServer } from "routing-controllers";
import sinon from "sinon";
import { backendsHere, type Opened } from "../support/backends.js";
import { Browser } from "../support/browser.js";
import { factorSite } from "../support/factor-site.js";
import { serve } from "../support/server.js";

const MINUTE = 60_000;

/** Who asks: the user, which methods were shown for the login, and whether the login was remembered. */
interface Visitor {
  user: "ann" | "bob" | null;
  shown: string[];
  /** Restored from the remember cookie, and not confirmed since. */
  remembered?: true;
  /** The methods that the user confirmed the login with, ten minutes later. */
  confirmed?: string[];
  /** Identified by a bearer token. */
  bearer?: true;
  /** The method becomes required after the login. */
  later?: true;
}

const visitors: Record<string, Visitor> = {
  nobody: { user: null, shown: [] },
  "a client with Bob's token": { user: "bob", shown: [], bearer: true },
  "Bob with a password": { user: "bob", shown: ["pwd"] },
  "Bob with a password and a code": { user: "bob", shown: ["pwd", "otp"] },
  "Bob, remembered": { user: "bob", shown: ["pwd"], remembered: true },
  "Bob, remembered, then confirmed with a password": {
    ...{ user: "bob", shown: ["pwd", "otp"], remembered: true, confirmed: ["pwd"] },
  },
  "Bob, confirmed with a code": { user: "bob", shown: ["pwd"], confirmed: ["otp"] },
  "Bob, for whom a code became required": { user: "bob", shown: ["pwd"], later: true },
  "Ann with a password": { user: "ann", shown: ["pwd"] },
  "Ann with a code alone": { user: "ann", shown: ["otp"] },
  "Ann with a password and a code": { user: "ann", shown: ["pwd", "otp"] },
  "Ann, confirmed with a password": { user: "ann", shown: ["pwd", "otp"], confirmed: ["pwd"] },
  "Ann, remembered": { user: "ann", shown: ["pwd", "otp"], remembered: true },
  "Ann, remembered, then confirmed with a code": {
    ...{ user: "ann", shown: ["pwd", "otp"], remembered: true, confirmed: ["otp"] },
  },
};

/** What a guard requires. */
interface Guard {
  fresh?: { within?: number; methods?: string[] };
  role?: string;
}

const guards: Record<string, Guard> = {
  login: {},
  fresh: { fresh: {} },
  recent: { fresh: { within: 10 * MINUTE } },
  code: { fresh: { methods: ["otp"] } },
  "recent-code": { fresh: { within: 10 * MINUTE, methods: ["otp"] } },
  both: { fresh: { methods: ["pwd", "otp"] } },
  admin: { role: "admin" },
  "fresh-admin": { fresh: { methods: ["otp"] }, role: "admin" },
};

const express: Record<keyof typeof guards, RequestHandler[]> = {
  login: [loginRequired()],
  fresh: [freshLoginRequired()],
  recent: [freshLoginRequired({ within: "10m" })],
  code: [freshLoginRequired({ methods: ["otp"] })],
  "recent-code": [freshLoginRequired({ within: "10m", methods: ["otp"] })],
  both: [freshLoginRequired({ methods: ["pwd", "otp"] })],
  admin: [roleRequired("admin")],
  "fresh-admin": [freshLoginRequired({ methods: ["otp"] }), roleRequired("admin")],
};

@Authorized()
@JsonController("/controllers")
class Guarded {
  @Get("/login") login() {
    return "through";
  }
  @Fresh() @Get("/fresh") fresh() {
    return "through";
  }
  @Fresh({ within: "10m" }) @Get("/recent") recent() {
    return "through";
  }
  @Fresh({ methods: ["otp"] }) @Get("/code") code() {
    return "through";
  }
  @Fresh({ within: "10m", methods: ["otp"] }) @Get("/recent-code") recentCode() {
    return "through";
  }
  @Fresh({ methods: ["otp"] }) @Fresh({ methods: ["pwd"] }) @Get("/both") both() {
    return "through";
  }
  @Authorized("admin") @Get("/admin") admin() {
    return "through";
  }
}

@Fresh({ methods: ["otp"] })
@JsonController("/controllers")
class GuardedTwice {
  @Authorized("admin") @Get("/fresh-admin") admin() {
    return "through";
  }
}

/** What a guard answers `passed` milliseconds after the login or its last confirmation: "through", or the refusal. */
function expected(visitor: Visitor, { fresh, role }: Guard, passed: number): string {
  const { user, shown, remembered, confirmed, bearer, later } = visitor;
  if (user === null) return "login_required 401";
  const required = (user === "ann" && !bearer) || later ? ["otp"] : [];
  const all = [...shown, ...(confirmed ?? [])];
  if (required.some((method) => !all.includes(method))) {
    // A login that was never complete lapses.
    return passed < 10 * MINUTE || later ? "method_required 401" : "login_required 401";
  }
  const age = (method: string) => {
    if (confirmed?.includes(method)) return passed;
    if (bearer || remembered || !shown.includes(method)) return Number.POSITIVE_INFINITY;
    return confirmed ? passed + 10 * MINUTE : passed;
  };
  const { within = Number.MAX_VALUE, methods } = fresh ?? {};
  if (methods?.some((method) => age(method) > within)) return "method_required 403";
  const isFresh = !bearer && (!remembered || confirmed) && passed <= within;
  if (fresh && !methods && !isFresh) return "fresh_login_required 403";
  if (role && user !== "ann") return "role_required 403";
  return "through";
}

const VIEWS: Record<string, string> = {
  login_required: "/login",
  fresh_login_required: "/password",
  method_required: "/factor",
};

const here = await backendsHere("memory", "redis", "sql on pg");

describe("the guards' truth table", () => {
  let clock: sinon.SinonFakeTimers;
  beforeEach(() => {
    clock = sinon.useFakeTimers({ now: Date.now(), toFake: ["Date"] });
  });
  afterEach(() => sinon.restore());

  async function visit(opened: Opened, visitor: Visitor) {
    const { app, login, bob, factors } = factorSite({ store: opened.store });
    login.requestLoader((req) => (req.get("authorization") === "Bearer bob" ? bob : null));
    for (const [name, handlers] of Object.entries(express)) {
      app.get(`/express/${name}`, ...handlers, (_req, res) => void res.json("through"));
    }
    useExpressServer(app, { controllers: [Guarded, GuardedTwice] });
    const headers = visitor.bearer ? { authorization: "Bearer bob" } : {};
    const browser = new Browser(await serve(app), headers as Record<string, string>);
    const { user, shown, remembered, confirmed } = visitor;
    if (user !== null && !visitor.bearer) {
      await browser.post(`/login/${{ ann: 1, bob: 2 }[user]}`, { json: { methods: shown, remember: remembered } });
      if (remembered) await browser.restart();
      if (confirmed) {
        clock.tick(10 * MINUTE);
        await browser.post("/confirm", { json: { methods: confirmed } });
      }
    }
    if (visitor.later) factors.set(bob.id, ["otp"]);
    return browser;
  }

  for (const { name, open } of here) {
    describe(`on ${name}`, () => {
      let opened: Opened;
      beforeEach(async () => {
        opened = await open();
      });
      afterEach(() => opened?.close());

      for (const [who, visitor] of Object.entries(visitors)) {
        it(`holds for ${who}`, async () => {
          const browser = await visit(opened, visitor);
          for (const passed of [0, 10 * MINUTE, 10 * MINUTE + 1]) {
            clock.tick(passed === 10 * MINUTE ? passed : Math.sign(passed));
            for (const [guard, requirement] of Object.entries(guards)) {
              const answer = expected(visitor, requirement, passed);
              for (const kind of ["express", "controllers"]) {
                const path = `/${kind}/${guard}`;
                const label = `${path} after ${passed} ms`;
                const api = await browser.get(path, { headers: { accept: "application/json" } });
                const { code, status } = api.status === 200 ? {} : api.json<{ code?: string; status?: number }>();
                expect(api.status === 200 ? api.json() : `${code} ${status}`, label).to.equal(answer);
                if (api.status !== 200) expect(api.status, label).to.equal(status);
                const page = await browser.get(path, { headers: { accept: "text/html" } });
                const view = VIEWS[answer.split(" ")[0]!];
                if (view) expect(page.location, label).to.equal(`${view}?next=${encodeURIComponent(path)}`);
                else expect([page.status, page.location], label).to.eql([answer === "through" ? 200 : 403, null]);
              }
            }
          }
        });
      }
    });
  }
});
