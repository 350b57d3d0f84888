import { request } from "node:http";
import { expect } from "chai";
import type { ErrorRequestHandler, RequestHandler } from "express";
import { freshLoginRequired, loginRequired, OptionError, roleRequired } from "latchkey";
import sinon from "sinon";
import { expressVersions } from "../support/express.js";
import { serve } from "../support/server.js";
import { reached, setUp, stages } from "../support/stages.js";

const JSON_ONLY = { accept: "application/json" };

describe("guards", () => {
  afterEach(() => sinon.restore());

  for (const { name, build } of stages) {
    describe(`on ${name}`, () => {
      it("refuse an anonymous visitor, and let a logged-in user through", async () => {
        const { ann, as } = await setUp(build);
        const nobody = await as(undefined, JSON_ONLY);
        for (const path of ["/me", "/fresh", "/recent", "/admin", "/staff", "/any"]) {
          expect((await nobody.get(path)).status, path).to.equal(401);
          expect((await nobody.send("HEAD", path)).status, `HEAD ${path}`).to.equal(401);
        }
        expect((await nobody.post("/me", { json: {} })).status).to.equal(401);
        expect((await nobody.send("DELETE", "/any")).status).to.equal(401);
        expect(reached).to.be.empty;

        const user = await as(ann, JSON_ONLY);
        expect((await user.get("/me")).json()).to.deep.equal({ reached: "me", user: "Ann" });
        expect((await user.post("/me", { json: {} })).json()).to.deep.equal({ reached: "change", user: "Ann" });
        expect((await user.send("HEAD", "/me")).status).to.equal(200);
      });

      it("refuse a user who is inactive or was deleted", async () => {
        const { bob, cid, byId, as } = await setUp(build);
        expect((await (await as(cid, JSON_ONLY)).get("/me")).status).to.equal(401);
        const user = await as(bob, JSON_ONLY);
        expect((await user.get("/me")).status).to.equal(200);
        byId.delete(bob.id);
        expect((await user.get("/me")).status).to.equal(401);
      });

      it("let a user through who has at least one of the required roles", async () => {
        const { ann, bob, as } = await setUp(build);
        const [admin, user] = [await as(ann, JSON_ONLY), await as(bob, JSON_ONLY)];
        expect((await admin.get("/admin")).status).to.equal(200);
        expect((await admin.get("/staff")).status).to.equal(200);
        expect((await user.get("/admin")).status).to.equal(403);
        expect((await user.get("/staff")).status).to.equal(403);
        bob.roles = ["staff"];
        expect((await user.get("/staff")).status).to.equal(200);
        expect((await user.get("/admin")).status).to.equal(403);
        expect(reached).to.deep.equal(["admin", "staff", "staff"]);
      });

      it("do not read the user's roles if no role is required", async () => {
        const { bob, as } = await setUp(build);
        const user = await as(bob, JSON_ONLY);
        bob.roles = undefined as never;
        for (const path of ["/me", "/fresh", "/recent"]) expect((await user.get(path)).status, path).to.equal(200);
        expect((await user.get("/admin")).status).to.equal(500);
      });

      it("call the roles option, and send 500 if it does not return an array of strings", async () => {
        let roles: unknown = ["admin"];
        const { bob, as } = await setUp(build, { roles: async () => roles as string[] });
        const user = await as(bob, JSON_ONLY);
        expect((await user.get("/admin")).status).to.equal(200);
        for (const unclear of [undefined, null, "admin", new Set(["admin"]), [["admin"]], { 0: "admin", length: 1 }]) {
          roles = unclear;
          expect((await user.get("/admin")).status).to.equal(500);
        }
        expect(reached).to.deep.equal(["admin"]);
      });

      it("require the confirmation of a remembered login where a fresh login is required", async () => {
        const { ann, as } = await setUp(build);
        const remembered = await as(ann, { remember: true, ...JSON_ONLY });
        expect((await remembered.get("/me")).status).to.equal(200);
        expect((await remembered.get("/fresh")).status).to.equal(403);
        expect((await remembered.get("/recent")).status).to.equal(403);
        expect((await remembered.post("/confirm", { json: {} })).status).to.equal(200);
        expect((await remembered.get("/fresh")).status).to.equal(200);
        expect((await remembered.get("/recent")).status).to.equal(200);
      });

      it("refuse a login that is older than the option within, until the user confirms it", async () => {
        const clock = sinon.useFakeTimers({ now: Date.now(), toFake: ["Date"] });
        const { ann, as } = await setUp(build);
        const user = await as(ann, JSON_ONLY);
        clock.tick(10 * 60_000);
        expect((await user.get("/recent")).status).to.equal(200);
        clock.tick(1);
        expect((await user.get("/recent")).status).to.equal(403);
        expect((await user.get("/fresh")).status).to.equal(200);
        await user.post("/confirm", { json: {} });
        expect((await user.get("/recent")).status).to.equal(200);
      });

      it("send 500 and do not run the route if a loader rejects with any value", async () => {
        for (const reason of [undefined, null, 0, "", "route", "router", new Error("no")]) {
          const fail = () => Promise.reject(reason);
          for (const options of [{ userLoader: fail }, { userLoader: () => null, requestLoader: fail }]) {
            const { ann, as } = await setUp(build, options);
            expect((await (await as(ann, JSON_ONLY)).get("/me")).status, String(reason)).to.equal(500);
          }
        }
        expect(reached).to.be.empty;
      });

      it("leave req.user undefined until the user is loaded, and for an anonymous visitor", async () => {
        const { ann, as } = await setUp(build);
        const opened = async (person?: typeof ann) => (await (await as(person, JSON_ONLY)).get("/open")).json();
        expect(await opened()).to.deep.equal({ before: false, name: null, after: false });
        expect(await opened(ann)).to.deep.equal({ before: false, name: "Ann", after: true });
      });

      it("let exempt methods through; no method is exempt by default", async () => {
        const byDefault = await setUp(build);
        expect((await (await byDefault.as()).send("OPTIONS", "/any")).status).to.equal(401);
        const exempt = await setUp(build, { exemptMethods: ["OPTIONS"] });
        expect((await (await exempt.as()).send("OPTIONS", "/any")).json()).to.include({ user: null });
        const others = await setUp(build, { exemptMethods: ["get", "HEAD"] });
        const nobody = await others.as();
        expect((await nobody.get("/me")).status).to.equal(200);
        expect((await nobody.send("HEAD", "/me")).status).to.equal(200);
        expect((await nobody.post("/me")).status).to.equal(401);
      });

      it("protect a route under every spelling of its path", async () => {
        const { ann, origin, as } = await setUp(build);
        const { jar } = await as(ann);
        const cookie = await jar.getCookieString(origin);
        const spellings = ["/me/", "/ME", "/Me/", "/me?", "/me?x=/open", "/me#x", "http://evil.test/me"];
        const others = [
          "/%6de",
          "/%6D%65",
          "//me",
          "//me//",
          "/./me",
          "/open/../me",
          "/me%2f",
          "/me;a=b",
          "/me%00",
          "/me%",
          "/.me",
          "///evil/me",
        ];
        for (const path of [...spellings, ...others]) {
          for (const method of ["GET", "HEAD", "POST"]) {
            expect(await statusOf(origin, method, path), `${method} ${path}`).to.be.oneOf([400, 401, 404]);
          }
        }
        expect(reached).to.be.empty;
        for (const path of spellings) expect(await statusOf(origin, "GET", path, cookie), path).to.equal(200);
        expect(reached).to.have.length(spellings.length);
      });

      it("send 500 and do not run the route if the middleware is missing", async () => {
        reached.length = 0;
        const app = build();
        app.set("env", "test");
        const origin = await serve(app);
        for (const path of ["/me", "/fresh", "/admin"]) {
          const response = await fetch(origin + path);
          expect(response.status, path).to.equal(500);
          expect(await response.text()).to.contain("MiddlewareMissingError");
        }
        expect(reached).to.be.empty;
      });
    });
  }

  it("throw OptionError when they are created with invalid arguments", () => {
    expect(() => roleRequired()).to.throw(OptionError, "at least one role");
    expect(() => roleRequired("")).to.throw(OptionError);
    expect(() => roleRequired("admin", "staff", "audit")).not.to.throw();
    expect(() => roleRequired(["admin"] as never)).to.throw(OptionError, "an array");
    expect(() => freshLoginRequired({ within: "soon" })).to.throw(OptionError, "within");
    for (const slip of ["10m", 600_000, null, ["10m"], () => {}]) {
      expect(() => freshLoginRequired(slip as never)).to.throw(
        OptionError,
        'expected options such as { within: "10m" }',
      );
    }
  });

  for (const { name, express } of expressVersions) {
    it(`cause an error that shows the correct call if they are mounted without parentheses, on ${name}`, async () => {
      const app = express();
      const handler = sinon.spy();
      const errors: OptionError[] = [];
      app.get("/login", loginRequired, handler);
      app.get("/fresh", freshLoginRequired as unknown as RequestHandler, handler);
      app.get("/role", roleRequired as unknown as RequestHandler, handler);
      app.use(loginRequired, handler);
      app.use(((error, _req, res, _next) => {
        errors.push(error);
        res.sendStatus(500);
      }) as ErrorRequestHandler);
      const origin = await serve(app);
      for (const path of ["/login", "/fresh", "/role", "/other"]) {
        expect((await fetch(origin + path)).status, path).to.equal(500);
      }
      for (const error of errors) expect(error).to.be.instanceOf(OptionError);
      expect(errors.map(({ message }) => message)).to.deep.equal([
        "loginRequired: call it: loginRequired()",
        "freshLoginRequired: call it: freshLoginRequired()",
        'roleRequired: call it: roleRequired("admin")',
        "loginRequired: call it: loginRequired()",
      ]);
      sinon.assert.notCalled(handler);
    });
  }
});

/** Returns the status of a request whose path fetch would normalize. */
function statusOf(origin: string, method: string, path: string, cookie?: string): Promise<number> {
  const { hostname, port } = new URL(origin);
  return new Promise((resolve, reject) => {
    const sent = request({ hostname, port, method, path, headers: cookie ? { cookie } : {} }, (response) => {
      response.resume().on("end", () => resolve(response.statusCode!));
    });
    sent.on("error", reject).end();
  });
}
