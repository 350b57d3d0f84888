import { expect } from "chai";
import express, { Router } from "express";
import { LoginManager, loginRequired } from "latchkey";
import { loginAs } from "latchkey/testing";
import { people, SECRET } from "../support/people.js";
import { send } from "../support/raw-client.js";
import { serve } from "../support/server.js";

const manager = () => {
  const at = people();
  return { ...at, login: new LoginManager({ secret: SECRET, userLoader: at.load }) };
};

describe("servers that are not Express", () => {
  it("get one clear error from the login middleware and from each guard", () => {
    const { login } = manager();
    const plain = { headers: {} } as never;
    for (const middleware of [login.middleware(), loginRequired()]) {
      let told: unknown;
      try {
        middleware(plain, {} as never, (error?: unknown) => {
          told = error;
        });
      } catch (error) {
        told = error;
      }
      expect(told).to.include({ code: "express_required" });
      expect((told as Error).message).to.include("latchkey needs Express");
    }
  });

  it("get the same error on Koa, which calls a middleware with two arguments", () => {
    const context = { app: {}, req: {}, res: {} } as never;
    expect(() => loginRequired()(context, (() => {}) as never, undefined as never)).to.throw("latchkey needs Express");
  });
});

describe("login.init(router)", () => {
  it("serves the routes of the router, and authenticate() once the application is known", async () => {
    const { login, ann } = manager();
    const app = express();
    const router = Router();
    login.init(router);
    router.get("/me", loginRequired(), async (req, res) => void res.json((await login.authenticate(req))?.id));
    app.use(router);
    const origin = await serve(app);
    const cookie = await loginAs(login, ann);
    const upgrade = { headers: { cookie }, url: "/", method: "GET", socket: {}, upgrade: true } as never;
    const early = await login.authenticate(upgrade).catch(({ code }: { code: string }) => code);
    expect(early).to.equal("middleware_missing");
    expect((await send(origin, "GET /me", { cookie })).text).to.equal('"1"');
    const later = { headers: { cookie }, url: "/", method: "GET", socket: {}, upgrade: true } as never;
    expect(await login.authenticate(later)).to.equal(ann);
  });
});
