import { expect } from "chai";
import type { ErrorRequestHandler, Request } from "express";
import { currentUser, isFresh, isRemembered, loginRequired, loginUser, logoutUser } from "latchkey";
import sinon from "sinon";
import { only, send } from "../support/raw-client.js";
import { serve } from "../support/server.js";
import { site } from "../support/site.js";
import { WatchedStore } from "../support/watched-store.js";

/** A site with a spy as its user loader, and a list of the reasons why logins ended. */
function observedSite(options: Parameters<typeof site>[0] = {}) {
  const at = site(options);
  const load = sinon.spy((id: string) => at.byId.get(id));
  at.login.userLoader(load);
  const ended: string[] = [];
  at.login.on("loginEnded", ({ userId, reason }) => ended.push(`${userId}: ${reason}`));
  return { ...at, load, ended };
}

describe("the user of a request", () => {
  it("is loaded once, even for several calls at the same time", async () => {
    const { app, login, load } = observedSite();
    const accessed = sinon.fake();
    login.on("userAccessed", accessed);
    app.get("/many", loginRequired(), loginRequired(), async (req, res) => {
      const asked = await Promise.all([
        currentUser(),
        currentUser(req),
        login.currentUser(),
        isFresh(req),
        isRemembered(req),
      ]);
      res.json(asked[0] === asked[1] && asked[1] === asked[2] && asked[0] === req.user);
    });
    const origin = await serve(app);
    const { cookie } = await send(origin, "POST /login/1");
    accessed.resetHistory();
    expect((await send(origin, "GET /many", { cookie })).text).to.equal("true");
    expect([load.callCount, accessed.callCount]).to.deep.equal([1, 1]);
    expect(load.args[0]![0]).to.equal("1");
  });

  it("changes at a login in the same request, and becomes anonymous at a logout", async () => {
    const { app, ann, load } = observedSite();
    app.post("/switch", async (req, res) => {
      const seen = [await currentUser()];
      await loginUser(req, ann);
      seen.push(await currentUser());
      const { user } = req;
      await logoutUser(req);
      seen.push(await currentUser());
      res.json([...seen.map((one) => (one as { name?: string }).name ?? null), user === ann, req.user === undefined]);
    });
    const origin = await serve(app);
    const { cookie } = await send(origin, "POST /login/2");
    expect((await send(origin, "POST /switch", { cookie })).text).to.equal('["Bob","Ann",null,true,true]');
    expect(load.callCount).to.equal(1);
  });

  for (const [what, change, reason] of [
    ["is deleted", ({ byId }: ReturnType<typeof site>) => byId.delete("1"), "1: unknown user"],
    ["gets a new stamp", ({ ann }: ReturnType<typeof site>) => (ann.stamp = "2"), "1: stamp changed"],
  ] as const) {
    it(`is anonymous after the user ${what}: every session ends, and both cookies are removed`, async () => {
      const at = observedSite({ remember: { mode: "stateless" } });
      const origin = await serve(at.app);
      const login = async () => (await send(origin, "POST /login/1", { json: { remember: true } })).cookie;
      const cookies = [await login(), await login(), await login()];
      change(at);
      for (const cookie of cookies) {
        const refused = await send(origin, "GET /me", { cookie });
        expect(refused.status).to.equal(401);
        expect(refused.headers["set-cookie"]?.map((one) => one.split(";")[0]).sort()).to.deep.equal([
          "remember=",
          "sid=",
        ]);
      }
      expect(at.ended).to.deep.equal([reason, reason, reason]);
      expect(await at.store.countOf("1")).to.equal(0);
      at.byId.set("1", at.ann);
      at.ann.stamp = "1";
      const [sid, remember] = [only("sid", cookies[0]!), only("remember", cookies[0]!)];
      expect((await send(origin, "GET /me", { cookie: sid })).status, "the session stays deleted").to.equal(401);
      expect(
        (await send(origin, "GET /me", { cookie: remember })).status,
        "the remember cookie works again when the user is back",
      ).to.equal(200);
    });
  }

  it("passes no guard and is not restored while inactive, but keeps the login and the remember cookie", async () => {
    const { app, ann, store, ended } = observedSite();
    const origin = await serve(app);
    const { cookie } = await send(origin, "POST /login/1", { json: { remember: true } });
    const [sid, remember] = [only("sid", cookie), only("remember", cookie)];
    ann.isActive = false;
    store.calls = [];
    for (const one of [cookie, sid, remember]) {
      const { status, headers } = await send(origin, "GET /me", { cookie: one });
      expect([status, headers["set-cookie"]]).to.deep.equal([401, undefined]);
    }
    expect(store.calls).to.deep.equal(["read", "read", "browser.read"]);
    expect(ended).to.deep.equal([]);
    ann.isActive = true;
    for (const one of [sid, remember]) expect((await send(origin, "GET /me", { cookie: one })).status).to.equal(200);
  });

  it("leaves no session data to the next visitor after the login has ended", async () => {
    const { app, ann } = observedSite();
    app.get("/touch", async (req, res) => {
      await currentUser();
      req.session.count = (req.session.count ?? 0) + 1;
      res.json([req.session.note ?? null, req.session.count]);
    });
    const origin = await serve(app);
    const { cookie } = await send(origin, "POST /login/1");
    await send(origin, "POST /note/secret", { cookie });
    ann.stamp = "2";
    const after = await send(origin, "GET /touch", { cookie });
    expect(after.text).to.equal("[null,1]");
    expect((await send(origin, "GET /touch", { cookie: after.cookie })).text).to.equal("[null,2]");
  });

  it("causes an error if the loader fails, but no cookie changes and the login stays valid", async () => {
    const { app, ann, login } = observedSite();
    const origin = await serve(app);
    const { cookie } = await send(origin, "POST /login/1", { json: { remember: true } });
    login.userLoader(async () => {
      throw new Error("the database is away");
    });
    for (const one of [cookie, ...cookie.split("; ")]) {
      const { status, headers } = await send(origin, "GET /me", { cookie: one });
      expect([status, headers["set-cookie"]]).to.deep.equal([500, undefined]);
    }
    login.userLoader(() => ann);
    expect((await send(origin, "GET /me", { cookie })).status).to.equal(200);
  });

  it("can log out even if the loader fails", async () => {
    const { app, login, store } = observedSite();
    const loggedOut = sinon.fake();
    login.on("loggedOut", loggedOut);
    const origin = await serve(app);
    const { cookie } = await send(origin, "POST /login/1", { json: { remember: true } });
    login.userLoader(() => Promise.reject(new Error("away")));
    expect((await send(origin, "POST /logout", { cookie })).status).to.equal(200);
    expect(await store.countOf("1")).to.equal(0);
    expect(loggedOut.args.map(([{ userId, user }]) => [userId, user])).to.deep.equal([["1", undefined]]);
  });

  it("comes from the session first, then from the request loader, which creates no session", async () => {
    const { app, bob, login, store } = observedSite();
    login.requestLoader((req) => (req.headers.authorization === "Bearer b" ? bob : null));
    const origin = await serve(app);
    const headers = { authorization: "Bearer b" };
    const bearer = await send(origin, "GET /me", { headers });
    expect(JSON.parse(bearer.text)).to.deep.equal({ name: "Bob", fresh: false, remembered: false });
    expect(bearer.headers["set-cookie"]).to.equal(undefined);
    expect(store.calls).to.deep.equal([]);
    expect((await send(origin, "POST /confirm", { headers })).status).to.equal(401);
    const { cookie } = await send(origin, "POST /login/1");
    expect(JSON.parse((await send(origin, "GET /me", { headers, cookie })).text)).to.include({ name: "Ann" });
  });

  it("comes from the request loader or the remember cookie if the session's login has ended", async () => {
    const { app, ann, bob, login } = observedSite();
    login.requestLoader((req) => (req.headers.authorization === "Bearer b" ? bob : null));
    const origin = await serve(app);
    const first = await send(origin, "POST /login/1");
    ann.stamp = "2";
    const second = await send(origin, "POST /login/1", { json: { remember: true } });
    const headers = { authorization: "Bearer b" };
    const byRequest = await send(origin, "GET /me", { headers, cookie: first.cookie });
    expect(JSON.parse(byRequest.text)).to.include({ name: "Bob" });
    const third = await send(origin, "POST /login/2");
    bob.stamp = "2";
    const cookie = `${third.cookie}; ${only("remember", second.cookie)}`;
    const restored = await send(origin, "GET /me", { cookie });
    expect(JSON.parse(restored.text)).to.include({ name: "Ann", remembered: true });
    expect(restored.headers["set-cookie"]?.map((one) => one.split("=")[0])).to.deep.equal(["remember", "sid"]);
  });

  it("is restored from the remembered browser if only the session's login has ended", async () => {
    const clock = sinon.useFakeTimers({ now: Date.now(), toFake: ["Date"] });
    try {
      const { app, ended } = observedSite({ store: new WatchedStore() });
      const origin = await serve(app);
      const { cookie } = await send(origin, "POST /login/1", { json: { remember: true } });
      clock.setSystemTime(Date.now() - 60_001);
      const { text } = await send(origin, "GET /me", { cookie });
      expect(ended).to.deep.equal(["1: clock"]);
      expect(JSON.parse(text)).to.include({ name: "Ann", fresh: false, remembered: true });
    } finally {
      clock.restore();
    }
  });

  it("is restored from the remember cookie: only the old session of the same browser ends", async () => {
    const { app } = observedSite({ store: new WatchedStore() });
    const origin = await serve(app);
    const login = async () => (await send(origin, "POST /login/1", { json: { remember: true } })).cookie;
    const [here, elsewhere] = [await login(), await login()];
    const restored = await send(origin, "GET /me", { cookie: only("remember", here) });
    const statuses = [here, elsewhere, restored.cookie].map(
      async (cookie) => (await send(origin, "GET /me", { cookie: only("sid", cookie) })).status,
    );
    expect(await Promise.all(statuses)).to.deep.equal([401, 200, 200]);
  });

  it("cannot be read or changed inside a loader, which would wait forever", async () => {
    const { app, login, ann } = observedSite();
    const codes: unknown[] = [];
    const failed: ErrorRequestHandler = (error, _req, res, _next) => {
      codes.push(error.code);
      res.sendStatus(error.status);
    };
    app.get("/asks", loginRequired(), failed);
    const origin = await serve(app);
    const asking = [
      () => currentUser(),
      (req: Request) => loginUser(req, ann),
      logoutUser,
      (req: Request) => isFresh(req),
    ];
    for (const ask of asking) {
      login.requestLoader(async (req) => void (await ask(req)));
      expect((await send(origin, "GET /asks")).status).to.equal(500);
    }
    // biome-ignore lint/suspicious/noThenProperty: a query builder does nothing before it is awaited
    const lazy = (req: Request) => ({ then: (...waiting: []) => currentUser(req).then(...waiting) });
    login.requestLoader((req) => lazy(req) as never);
    expect((await send(origin, "GET /asks")).status).to.equal(500);
    expect(codes).to.deep.equal([...asking, lazy].map(() => "inside_loader"));
  });
});
