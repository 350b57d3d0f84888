import { expect } from "chai";
import type { RequestHandler } from "express";
import { freshLoginRequired, loginRequired, roleRequired } from "latchkey";
import { Authorized, Fresh } from "latchkey/routing-controllers";
import { Get, JsonController, useExpressServer } from "routing-controllers";
import sinon from "sinon";
import { backendsHere, type Opened } from "../support/backends.js";
import { Browser } from "../support/browser.js";
import { factorSite } from "../support/factor-site.js";
import { expected, guards, MINUTE, VIEWS, type Visitor, visitors } from "../support/guard-model.js";
import { serve } from "../support/server.js";

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
