import { expect } from "chai";
import express from "express";
import { LoginManager } from "latchkey";
import { Browser } from "../support/browser.js";
import { people, SECRET } from "../support/people.js";
import { send } from "../support/raw-client.js";
import { serve } from "../support/server.js";
import { reached, setUp, stages } from "../support/stages.js";

const JSON_ONLY = { accept: "application/json" };
const views = { loginView: "/login", refreshView: "/confirm" };

describe("challenges", () => {
  for (const { name, build } of stages) {
    describe(`on ${name}`, () => {
      it("redirect to the login view; next is the requested page for GET and HEAD only", async () => {
        const browser = await (await setUp(build, views)).as();
        const refused = await browser.get("/me?tab=2&sort=a%20b");
        expect(refused.status).to.equal(302);
        expect(refused.location).to.equal("/login?next=%2Fme%3Ftab%3D2%26sort%3Da%2520b");
        const head = await browser.send("HEAD", "/me");
        expect([head.status, head.location]).to.deep.equal([302, "/login?next=%2Fme"]);
        for (const method of ["POST", "PUT", "DELETE"]) {
          const { status, location } = await browser.send(method, "/any");
          expect([status, location], method).to.deep.equal([303, "/login"]);
        }
        expect(reached).to.be.empty;
      });

      it("flash each message once, even if several pages are refused", async () => {
        const { ann, as } = await setUp(build, { ...views, needsRefreshMessageCategory: "warning" });
        const browser = await as();
        for (const path of ["/me", "/me", "/admin", "/fresh"]) await browser.get(path);
        const message = "Please log in to access this page.";
        expect((await browser.get("/flashes")).json()).to.deep.equal([{ message, category: "message" }]);
        expect((await browser.get("/flashes")).json()).to.deep.equal([]);

        const remembered = await as(ann, { remember: true });
        for (let i = 0; i < 2; i++) {
          const refused = await remembered.get("/fresh");
          expect([refused.status, refused.location]).to.deep.equal([302, "/confirm?next=%2Ffresh"]);
        }
        expect((await remembered.get("/flashes")).json()).to.deep.equal([
          { message: "Please confirm your login to access this page.", category: "warning" },
        ]);
      });

      it("send a problem document to an API client", async () => {
        const { bob, as } = await setUp(build, views);
        const nobody = await (await as(undefined, JSON_ONLY)).get("/me");
        expect(nobody.status).to.equal(401);
        expect(nobody.headers.get("content-type")).to.equal("application/problem+json; charset=utf-8");
        expect(nobody.headers.get("www-authenticate")).to.equal("Cookie");
        expect(nobody.headers.get("cache-control")).to.equal("no-store");
        expect(nobody.headers.get("vary")?.split(", ")).to.include.members(["Accept", "Cookie"]);
        expect(nobody.json()).to.deep.equal({
          type: "about:blank",
          title: "Unauthorized",
          status: 401,
          detail: "You need to log in.",
          code: "login_required",
        });
        expect(nobody.cookies).to.be.empty;

        const remembered = await as(bob, { remember: true, ...JSON_ONLY });
        for (const [path, code] of [
          ["/fresh", "fresh_login_required"],
          ["/admin", "role_required"],
        ] as const) {
          const refused = await remembered.get(path);
          expect(refused.status).to.equal(403);
          expect(refused.headers.get("content-type")).to.match(/^application\/problem\+json/);
          expect(refused.headers.has("www-authenticate")).to.be.false;
          expect(refused.headers.get("cache-control")).to.equal("no-store");
          expect(refused.json()).to.include({ title: "Forbidden", status: 403, code });
        }
      });

      it("use the Accept header to distinguish a page from an API client", async () => {
        const { as } = await setUp(build, views);
        for (const accept of [
          "*/*",
          "application/problem+json",
          "application/*",
          "image/png",
          "text/html;q=0.5,application/json",
        ]) {
          const refused = await (await as(undefined, { accept })).get("/me");
          expect([refused.status, refused.json<{ status: number }>().status], accept).to.deep.equal([401, 401]);
        }
        for (const accept of ["text/html", "text/html,*/*;q=0.8", "application/xhtml+xml,text/html;q=0.9,*/*;q=0.1"]) {
          expect((await (await as(undefined, { accept })).get("/me")).status, accept).to.equal(302);
        }
      });

      it("send a short HTML page with status 401 or 403 if there is no view", async () => {
        const { bob, as } = await setUp(build);
        const nobody = await (await as()).get("/me");
        expect(nobody.status).to.equal(401);
        expect(nobody.headers.get("content-type")).to.match(/^text\/html/);
        expect(nobody.text).to.contain("<h1>Unauthorized</h1><p>You need to log in.</p>");
        const remembered = await as(bob, { remember: true });
        expect((await remembered.get("/fresh")).status).to.equal(403);
        expect((await remembered.get("/admin")).text).to.contain("<h1>Forbidden</h1>");
      });

      it("choose the login view by the longest matching path prefix", async () => {
        const loginView = { "/": "/login", "/admin": "/admin/login", "/admin/audit": "/audit/login", "/an": "/never" };
        const { as } = await setUp(build, { loginView });
        const browser = await as();
        expect((await browser.get("/admin?x")).location).to.equal("/admin/login?next=%2Fadmin%3Fx");
        expect((await browser.get("/admin/")).location).to.equal("/admin/login?next=%2Fadmin%2F");
        expect((await browser.get("/any")).location).to.equal("/login?next=%2Fany");

        const partly = await (await setUp(build, { loginView: { "/admin": "/admin/login" } })).as();
        expect((await partly.get("/me")).status).to.equal(401);
      });

      it("choose the login view with a function, and send 401 if the function returns undefined", async () => {
        const scene = await setUp(build, { loginView: (req) => (req.path === "/me" ? "/login?from=me" : undefined) });
        const browser = await scene.as();
        expect((await browser.get("/me")).location).to.equal("/login?from=me&next=%2Fme");
        expect((await browser.get("/admin")).status).to.equal(401);
      });

      it("translate the message, and flash nothing if the message is null", async () => {
        const localized = await setUp(build, {
          ...views,
          loginMessage: "hello",
          loginMessageCategory: "info",
          localize: (message, req) => `${message} from ${req.path}`,
        });
        const browser = await localized.as();
        await browser.get("/me");
        await browser.get("/me");
        await browser.get("/any");
        expect((await browser.get("/flashes")).json()).to.deep.equal([
          { message: "hello from /me", category: "info" },
          { message: "hello from /any", category: "info" },
        ]);

        const silent = await (await setUp(build, { ...views, loginMessage: null })).as();
        expect((await silent.get("/me")).cookies).to.be.empty;
        expect((await silent.get("/flashes")).json()).to.deep.equal([]);
      });

      it("omit next for nextIn cookie and for a view on another host, and use redirectHost", async () => {
        const inCookie = await (await setUp(build, { ...views, nextIn: "cookie" })).as();
        expect((await inCookie.get("/me?x=1")).location).to.equal("/login");
        const { origin } = await setUp(build, { ...views, redirectHost: "login.example:8443" });
        const headers = { accept: "text/html", host: "evil.example" };
        const hosted = await send(origin, "GET /me", { headers });
        expect(hosted.headers.location).to.equal("//login.example:8443/login?next=%2Fme");
        const elsewhere = await (await setUp(build, { loginView: "https://login.example/in" })).as();
        expect((await elsewhere.get("/me")).location).to.equal("https://login.example/in");
      });

      it("emit one event for each refused request", async () => {
        const { login, bob, as } = await setUp(build);
        const told: string[] = [];
        login.on("unauthorized", ({ req }) => void told.push(`unauthorized ${req.path}`));
        login.on("needsRefresh", ({ req }) => void told.push(`needsRefresh ${req.path}`));
        login.on("forbidden", ({ req, user }) => void told.push(`forbidden ${req.path} ${user.name}`));
        await (await as()).get("/me");
        const remembered = await as(bob, { remember: true });
        for (const path of ["/me", "/fresh", "/admin"]) await remembered.get(path);
        expect(told).to.deep.equal(["unauthorized /me", "needsRefresh /fresh", "forbidden /admin Bob"]);
      });
    });
  }

  it("can be sent with login.unauthorized(req) and login.needsRefresh(req)", async () => {
    const { load } = people();
    const app = express();
    const login = new LoginManager({ secret: SECRET, userLoader: load, loginView: "/login", refreshView: "/confirm" });
    login.init(app);
    app.get("/mine", (req) => login.unauthorized(req));
    app.get("/again", (req) => login.needsRefresh(req));
    const browser = new Browser(await serve(app));
    expect((await browser.get("/mine")).location).to.equal("/login?next=%2Fmine");
    expect((await browser.get("/again")).location).to.equal("/confirm?next=%2Fagain");
  });
});
