import { expect } from "chai";
import type { ErrorRequestHandler } from "express";
import { confirmLogin, flash, loginUser, logoutUser, takeFlashes } from "latchkey";
import sinon from "sinon";
import { Gate } from "../support/barrier.js";
import { Browser } from "../support/browser.js";
import { expressVersions } from "../support/express.js";
import { send } from "../support/raw-client.js";
import { recordId } from "../support/records.js";
import { serve } from "../support/server.js";
import { type Me, site } from "../support/site.js";

for (const { name: version, express } of expressVersions) {
  /** A site and a browser that visits it. */
  const visit = async (options: Parameters<typeof site>[0] = {}) => {
    const at = site(options, (login, app) => login.init(app), express);
    const origin = await serve(at.app);
    return { ...at, origin, browser: new Browser(origin, { accept: "application/json" }) };
  };

  describe(`loginUser, confirmLogin and logoutUser on ${version}`, () => {
    afterEach(() => sinon.restore());

    it("log a user in and out", async () => {
      const { browser } = await visit();
      expect((await browser.get("/me")).status).to.equal(401);
      expect((await browser.post("/login/1")).json()).to.equal(true);
      expect((await browser.get("/me")).json()).to.deep.equal({ name: "Ann", fresh: true, remembered: false });
      await browser.post("/logout");
      expect((await browser.get("/me")).status).to.equal(401);
    });

    it("save the change before they resolve, even while the response is still open", async () => {
      const { app, ann, origin } = await visit();
      const gate = new Gate();
      for (const [path, verb] of [
        ["login", (req: Parameters<typeof loginUser>[0]) => loginUser(req, ann)],
        ["confirm", confirmLogin],
        ["logout", logoutUser],
      ] as const) {
        app.post(`/open/${path}`, async (req, res) => {
          await verb(req);
          res.write("begun");
          await gate.pass();
          res.end();
        });
      }
      const begin = async (path: string, cookie = "") => {
        const response = await fetch(`${origin}/open/${path}`, { method: "POST", headers: { cookie } });
        return { response, cookie: response.headers.getSetCookie().join().split(";")[0]! };
      };

      const login = await begin("login");
      expect((await send(origin, "GET /me", { cookie: login.cookie })).status).to.equal(200);
      const confirmed = await begin("confirm", login.cookie);
      expect((await send(origin, "GET /me", { cookie: login.cookie })).status).to.equal(401);
      expect((await send(origin, "GET /me", { cookie: confirmed.cookie })).status).to.equal(200);
      const logout = await begin("logout", confirmed.cookie);
      expect((await send(origin, "GET /me", { cookie: confirmed.cookie })).status).to.equal(401);
      gate.open();
      for (const { response } of [login, confirmed, logout]) expect(await response.text()).to.equal("begun");
    });

    it("change the session id and delete the old session", async () => {
      const { browser, origin, store } = await visit();
      await browser.post("/note/hello");
      const seen = [await browser.cookie("sid")];
      for (const path of ["/login/1", "/login/1", "/confirm", "/login/2", "/logout"]) {
        await browser.post(path);
        const old = seen.at(-1)!;
        expect(await browser.cookie("sid"), path).not.to.equal(old);
        expect((await send(origin, "GET /note", { cookie: `sid=${old}` })).text, path).to.equal("null");
        expect((await send(origin, "GET /me", { cookie: `sid=${old}` })).status, path).to.equal(401);
        seen.push(await browser.cookie("sid"));
      }
      expect(new Set(seen).size).to.equal(6);
      expect(await store.countOf("1", "2")).to.equal(0);
    });

    it("never log a user in under a session id that somebody else knows", async () => {
      const { store, origin } = await visit();
      const create = sinon.spy(store, "create");
      const chosen = "a".repeat(43);
      const ownSession = (await send(origin, "POST /note/trap")).cookie;
      const attempts = [ownSession, `sid=${chosen}`, `sid=s%3A${chosen}`, `sid=s%3A${chosen}.${chosen}`];
      for (const planted of attempts) {
        const { cookie } = await send(origin, "POST /login/1", { cookie: planted });
        expect(cookie)
          .to.match(/^sid=s%3A/)
          .and.not.equal(planted);
        expect((await send(origin, "GET /me", { cookie })).status).to.equal(200);
        expect((await send(origin, "GET /me", { cookie: planted })).status).to.equal(401);
      }
      const ids = create.args.map(([id]) => id);
      expect(ids)
        .to.have.lengthOf(attempts.length + 1)
        .and.satisfy((all: string[]) => new Set(all).size === all.length);
      for (const value of [chosen, `s:${chosen}`]) {
        expect(ids).not.to.include(recordId("session", value)).and.not.to.include(value);
      }
    });

    it("keep the session data of the visitor or the same user, but never another user's data", async () => {
      const { browser } = await visit();
      const note = async () => (await browser.get("/note")).json();
      await browser.post("/note/cart");
      await browser.post("/login/1");
      expect(await note()).to.equal("cart");
      await browser.post("/login/1");
      expect(await note()).to.equal("cart");
      await browser.post("/confirm");
      expect(await note()).to.equal("cart");
      await browser.post("/login/2");
      expect(await note()).to.equal(null);
      await browser.post("/note/bobs");
      await browser.post("/logout");
      expect(await note()).to.equal(null);
    });

    it("refuse an inactive user and change nothing, unless force is true", async () => {
      const { browser, store } = await visit();
      await browser.post("/login/2", { json: { remember: true } });
      const cookies = await browser.jar.getCookieString(browser.origin);
      store.calls = [];
      const refused = await browser.post("/login/3");
      expect(refused.json()).to.equal(false);
      expect(refused.cookies).to.deep.equal([]);
      expect(store.calls).to.deep.equal(["read"]);
      expect(await browser.jar.getCookieString(browser.origin)).to.equal(cookies);
      expect((await browser.get("/me")).json<Me>().name).to.equal("Bob");

      expect((await browser.post("/login/3", { json: { force: true } })).json()).to.equal(true);
      expect(await store.countOf("3")).to.equal(1);
      expect((await browser.get("/me")).status, "guards still refuse an inactive user").to.equal(401);
    });

    it("leave a usable, empty session after a logout", async () => {
      const { app, browser, store } = await visit();
      app.post("/farewell", async (req, res) => {
        await logoutUser(req);
        flash(req, "Goodbye.");
        res.send("bye");
      });
      app.get("/flashes", (req, res) => void res.json(takeFlashes(req)));
      await browser.post("/note/secret");
      await browser.post("/login/1");
      const farewell = await browser.post("/farewell");
      expect(farewell.cookies.map((cookie) => cookie.split("=")[0]).sort()).to.deep.equal(["flash", "sid"]);
      expect(await browser.cookie("sid")).to.equal(undefined);
      expect((await browser.get("/flashes")).json()).to.deep.equal([{ message: "Goodbye.", category: "message" }]);
      expect((await browser.get("/flashes")).json()).to.deep.equal([]);
      expect((await browser.get("/note")).json()).to.equal(null);
      expect(await store.countOf("1")).to.equal(0);
    });

    it("only read and destroy the session at a logout", async () => {
      const { browser, store } = await visit();
      await browser.post("/login/1");
      store.calls = [];
      await browser.post("/logout");
      expect(store.calls).to.deep.equal(["read", "destroy"]);
      expect(await browser.cookie("sid")).to.equal(undefined);
    });

    it("remove both cookies with the attributes that set them", async () => {
      const cookie = { path: "/", sameSite: "strict", domain: "example.com", httpOnly: false } as const;
      const { origin } = await visit({ session: { cookie }, remember: { name: "keep", cookie } });
      const attributes = (cookies: string[] | undefined) =>
        cookies?.map((one) => one.replace(/=[^;]*/, "").replace(/; (Expires|Max-Age)=[^;]*/g, "")).sort();
      const set = await send(origin, "POST /login/1", { json: { remember: true } });
      const cleared = await send(origin, "POST /logout", { cookie: set.cookie });
      expect(attributes(cleared.headers["set-cookie"])).to.deep.equal(attributes(set.headers["set-cookie"]));
      expect(attributes(cleared.headers["set-cookie"])).to.deep.equal([
        "keep; Domain=example.com; Path=/; SameSite=Strict",
        "sid; Domain=example.com; Path=/; SameSite=Strict",
      ]);
      expect(cleared.headers["set-cookie"]!.every((one) => one.includes("=; ") && one.includes("1970"))).to.equal(true);
    });

    it("make a remembered login fresh under a new session id", async () => {
      const { browser } = await visit();
      await browser.post("/login/1", { json: { remember: true } });
      await browser.restart();
      expect((await browser.get("/me")).json()).to.deep.equal({ name: "Ann", fresh: false, remembered: true });
      const old = await browser.cookie("sid");
      expect((await browser.post("/confirm")).status).to.equal(200);
      expect((await browser.get("/me")).json()).to.deep.equal({ name: "Ann", fresh: true, remembered: false });
      expect(await browser.cookie("sid")).not.to.equal(old);
    });

    it("make a login that is not fresh if fresh is false, and reject a confirmation without a login", async () => {
      const { browser } = await visit();
      expect((await browser.post("/confirm")).status).to.equal(401);
      await browser.post("/login/1", { json: { fresh: false } });
      expect((await browser.get("/me")).json<Me>().fresh).to.equal(false);
    });

    it("leave no cookie in the browser if one request logs in and out", async () => {
      const { app, ann, browser, login } = await visit();
      app.post("/both", async (req, res) => {
        await loginUser(req, ann, { remember: true });
        await logoutUser(req);
        res.json((await login.currentUser()).isAuthenticated);
      });
      const answer = await browser.post("/both");
      expect(answer.json()).to.equal(false);
      expect(answer.cookies.every((cookie) => cookie.startsWith("remember=;"))).to.equal(true);
      expect((await browser.get("/me")).status).to.equal(401);
    });

    it("reject and change nothing in an error handler after a failed save, because no cookie can be set", async () => {
      const { app, ann, browser, store } = await visit();
      const codes: string[] = [];
      app.post("/lost", (req, res) => {
        req.session.note = "lost";
        res.send("lost");
      });
      app.use((async (_error, req, res, _next) => {
        store.before = () => undefined;
        for (const verb of [() => loginUser(req, ann, { remember: true }), () => confirmLogin(req)]) {
          await verb().catch((error: { code: string }) => codes.push(error.code));
        }
        res.sendStatus(500);
      }) as ErrorRequestHandler);
      await browser.post("/login/1");
      store.before = (verb) => (verb === "update" ? Promise.reject(new Error("down")) : undefined);
      const lost = await browser.post("/lost");
      expect([lost.status, lost.cookies, codes]).to.eql([500, [], ["response_started", "response_started"]]);
      expect((await browser.get("/me")).status).to.equal(200);
      expect(store.calls.filter((verb) => verb === "create")).to.have.length(1);
    });

    it("reject after the response has started", async () => {
      const { app, ann, browser } = await visit();
      const codes: string[] = [];
      app.get("/late", async (req, res) => {
        res.write("begun");
        for (const verb of [() => loginUser(req, ann), () => confirmLogin(req), () => logoutUser(req)]) {
          await verb().catch((error: { code: string }) => codes.push(error.code));
        }
        res.end();
      });
      await browser.post("/login/1");
      await browser.get("/late");
      expect(codes).to.deep.equal(["response_started", "response_started", "response_started"]);
      expect((await browser.get("/me")).status).to.equal(200);
    });
  });
}
