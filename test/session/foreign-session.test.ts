import { expect } from "chai";
import type { RequestHandler } from "express";
import expressSession, { MemoryStore } from "express-session";
import {
  AnonymousUser,
  confirmLogin,
  currentUser,
  flash,
  isFresh,
  loginRequired,
  loginUser,
  logoutUser,
  SessionGoneError,
  takeFlashes,
} from "latchkey";
import sinon from "sinon";
import { Browser } from "../support/browser.js";
import { SECRET } from "../support/people.js";
import { send } from "../support/raw-client.js";
import { serve } from "../support/server.js";
import { type Me, site } from "../support/site.js";

const HALF_HOUR = 30 * 60_000;

const sessions: Record<string, expressSession.SessionOptions> = {
  "with the usual settings": { secret: SECRET, resave: false, saveUninitialized: false },
  "that always saves": { secret: SECRET, resave: true, saveUninitialized: true },
  "with a name, a rolling maxAge and unset": {
    secret: SECRET,
    name: "own",
    resave: false,
    saveUninitialized: false,
    rolling: true,
    unset: "destroy",
    cookie: { maxAge: 3_600_000, sameSite: "lax" },
  },
};

async function visit(
  given: expressSession.SessionOptions = sessions["with the usual settings"]!,
  options: Parameters<typeof site>[0] = {},
) {
  const store = new MemoryStore();
  const at = site(options, (login, app) => {
    app.use(expressSession({ ...given, store }), login.middleware());
  });
  const origin = await serve(at.app);
  return {
    ...at,
    store,
    origin,
    name: given.name ?? "connect.sid",
    browser: new Browser(origin, { accept: "application/json" }),
  };
}

/** Ways for a store method to fail: with an error in the callback, or with an exception. */
const failures: Record<string, (...args: unknown[]) => void> = {
  "calls back with an error": (...args) => (args.at(-1) as (error: Error) => void)(new Error("connection refused")),
  throws: () => {
    throw new Error("driver closed");
  },
};

describe("the application's own express-session", () => {
  afterEach(() => sinon.restore());

  it("does not confirm a login whose session ended during the request", async () => {
    const { app, browser, origin, store } = await visit();
    app.post("/late", loginRequired(), (req, res) => {
      store.destroy(req.sessionID, async () => {
        const failure = await confirmLogin(req).catch((error: unknown) => error);
        res.json(failure instanceof SessionGoneError);
      });
    });
    await browser.post("/login/1");
    expect((await browser.post("/late")).json()).to.equal(true);
    expect((await send(origin, "GET /me", { cookie: await browser.jar.getCookieString(origin) })).status).to.equal(401);
  });

  for (const [what, options] of Object.entries(sessions)) {
    it(`ends a login at its absolute timeout even if it is in use, for a session ${what}`, async () => {
      const clock = sinon.useFakeTimers({ now: Date.now(), toFake: ["Date"] });
      const { login, browser, name } = await visit(options, { idleTimeout: "1h", absoluteTimeout: "12h" });
      const ended: unknown[] = [];
      login.on("loginEnded", ({ userId, reason }) => ended.push([userId, reason]));
      await browser.post("/login/1");
      for (let used = HALF_HOUR; used < 24 * HALF_HOUR; used += HALF_HOUR) {
        clock.tick(HALF_HOUR);
        expect((await browser.post(`/note/${used}`)).status).to.equal(200);
        expect((await browser.get("/me")).status, `after ${used / HALF_HOUR} half hours`).to.equal(200);
      }
      clock.tick(HALF_HOUR - 1);
      expect((await browser.get("/me")).status, "a millisecond before").to.equal(200);
      const sid = await browser.cookie(name);
      clock.tick(1);
      expect((await browser.get("/me")).status).to.equal(401);
      expect(ended).to.eql([["1", "absolute timeout"]]);
      await browser.setCookie(name, sid!);
      expect((await browser.get("/me")).status, "with the old cookie").to.equal(401);
    });
  }

  for (const [when, mounted] of Object.entries({ "before latchkey": true, "in a handler": false })) {
    it(`ends if req.session is deleted ${when} and unset is destroy`, async () => {
      const store = new MemoryStore();
      const own = expressSession({ ...sessions["with a name, a rolling maxAge and unset"]!, store });
      const leave: RequestHandler = (req, _res, next) => {
        if (req.path === "/leave") delete (req as { session?: unknown }).session;
        next();
      };
      const { app } = site({}, (login, app) => {
        app.use(own, ...(mounted ? [leave] : []), login.middleware());
      });
      app.get("/leave", leave, (req, res) => currentUser(req).then((user) => res.json(user instanceof AnonymousUser)));
      const browser = new Browser(await serve(app), { accept: "application/json" });
      for (let n = 0; n < 2; n++) {
        await browser.post("/login/1");
        expect((await browser.get("/leave")).json()).to.equal(true);
        expect(Object.keys((store as unknown as { sessions: object }).sessions)).to.eql([]);
        expect((await browser.get("/me")).status).to.equal(401);
      }
    });
  }

  for (const [what, options] of Object.entries(sessions)) {
    describe(what, () => {
      it("supports login, confirmation, logout, guards, freshness and the remember cookie", async () => {
        const { browser, name, origin } = await visit(options);
        const me = async () => (await browser.get("/me")).json<Me>();
        const ids: Array<string | undefined> = [];
        const changed = async (line: string, json: object = {}) => {
          ids.push(await browser.cookie(name));
          expect((await browser.post(line, { json })).status, line).to.equal(200);
          expect(await browser.cookie(name), line).not.to.equal(ids.at(-1));
        };
        expect((await browser.get("/me")).status).to.equal(401);
        await browser.post("/note/cart");
        await changed("/login/1", { remember: true });
        expect(await me()).to.deep.equal({ name: "Ann", fresh: true, remembered: false });
        expect((await browser.get("/note")).json()).to.equal("cart");
        await browser.jar.store.removeCookie("127.0.0.1", "/", name);
        expect(await me()).to.deep.equal({ name: "Ann", fresh: false, remembered: true });
        await changed("/confirm");
        expect(await me()).to.deep.equal({ name: "Ann", fresh: true, remembered: false });
        await changed("/login/2");
        expect(await me()).to.deep.equal({ name: "Bob", fresh: true, remembered: false });
        expect((await browser.get("/note")).json()).to.equal(null);
        ids.push(await browser.cookie(name));
        await browser.post("/logout");
        expect((await browser.get("/me")).status).to.equal(401);
        for (const id of ids.filter(Boolean)) {
          expect((await send(origin, "GET /me", { cookie: `${name}=${id}` })).status).to.equal(401);
        }
      });

      it("keeps a flash message after a logout, but not the user's data", async () => {
        const { app, browser } = await visit(options);
        app.post("/farewell", async (req, res) => {
          await logoutUser(req);
          flash(req, "Goodbye.");
          res.send("bye");
        });
        app.get("/flashes", async (req, res) => void res.json([takeFlashes(req).length, await isFresh(req)]));
        await browser.post("/login/1");
        await browser.post("/note/secret");
        await browser.post("/farewell");
        expect((await browser.get("/flashes")).json()).to.deep.equal([1, false]);
        expect((await browser.get("/note")).json()).to.equal(null);
      });
    });
  }

  it("gets the same caching headers as latchkey's own session", async () => {
    const { browser } = await visit();
    expect((await browser.get("/note")).headers.get("vary"), "from the first request on").to.equal("Cookie");
    await browser.post("/login/1");
    const caching = async (path: string) => {
      const { headers } = await browser.get(path);
      return [headers.get("vary"), headers.get("cache-control")];
    };
    expect(await caching("/public")).to.deep.equal([null, null]);
    expect(await caching("/note")).to.deep.equal(["Cookie", null]);
    expect(await caching("/me")).to.deep.equal(["Cookie", "private, no-store"]);
  });

  it("sends 500 for a value that JSON cannot store, and is unchanged in the next request", async () => {
    const { app, browser } = await visit();
    app.post("/circle", (req, res) => {
      Object.assign(req.session, { note: "circle", circle: req.session });
      res.send("put");
    });
    await browser.post("/login/1");
    const { status, text } = await browser.post("/circle");
    expect(status).to.equal(500);
    expect(text).to.include("circular");
    expect((await browser.get("/note")).json()).to.equal(null);
    expect((await browser.get("/me")).status).to.equal(200);
  });

  it("sends 500 with an explanation if no session is mounted before login.middleware", async () => {
    const { app } = site({}, (login, at) => void at.use(login.middleware()));
    const origin = await serve(app);
    const answer = await send(origin, "GET /me");
    expect(answer.status).to.equal(500);
    expect(answer.text).to.include("mount login.session() or express-session before login.middleware()");
    expect((await send(origin, "GET /public")).status).to.equal(200);
  });

  it("sends 500 and sets no cookie while its store is disconnected", async () => {
    const { origin, store } = await visit();
    const { cookie } = await send(origin, "POST /login/1", { json: { remember: true } });
    store.emit("disconnect");
    for (const line of ["GET /me", "POST /login/1", "POST /confirm"]) {
      const { status, headers } = await send(origin, line, { cookie });
      expect([status, headers["set-cookie"]], line).to.deep.equal([500, undefined]);
    }
    store.emit("connect");
    expect((await send(origin, "GET /me", { cookie })).status).to.equal(200);
  });

  for (const [how, fail] of Object.entries(failures)) {
    it(`refuses every request and logs nobody in if its store ${how}`, async () => {
      const { ann, app, login, origin, store } = await visit();
      app.post("/stubborn", async (req, res) => {
        const failed = await loginUser(req, ann).then(
          () => false,
          () => true,
        );
        sinon.restore();
        res.json([failed, ((await login.currentUser()) as { name?: string }).name ?? null]);
      });
      const { cookie } = await send(origin, "POST /login/1");
      sinon.replace(store, "get", fail as never);
      for (const line of ["GET /me", "POST /login/1", "POST /confirm", "POST /logout"]) {
        const answer = await send(origin, line, { cookie });
        expect(answer.status, line).to.be.at.least(500);
        expect(answer.cookie, line).to.equal("");
      }
      sinon.restore();
      expect((await send(origin, "GET /me", { cookie })).status).to.equal(200);

      for (const verb of ["set", "destroy"] as const) {
        for (const line of ["POST /login/1", "POST /confirm", "POST /stubborn"]) {
          const given = line === "POST /confirm" ? (await send(origin, "POST /login/1")).cookie : "";
          sinon.replace(store, verb, fail as never);
          const answer = await send(origin, line, { cookie: given });
          sinon.restore();
          const what = `${line}, ${verb}`;
          if (line === "POST /stubborn") expect(answer.text, what).to.equal("[true,null]");
          else expect(answer.status, what).to.be.at.least(500);
          expect((await send(origin, "GET /me", { cookie: answer.cookie })).status, what).to.equal(401);
        }
      }
    });
  }

  for (const verb of ["get", "destroy"] as const) {
    it(`keeps both cookies if its store cannot ${verb} the session at a logout, and a second logout works`, async () => {
      const { browser, store, name } = await visit();
      await browser.post("/login/1", { json: { remember: true } });
      const before = [await browser.cookie(name), await browser.cookie("remember")];
      // The first call is express-session's own. If it failed, the request would not reach the logout.
      const stub = sinon.stub(store, verb);
      stub.callsFake(failures["calls back with an error"] as never);
      if (verb === "get") stub.onFirstCall().callsFake(stub.wrappedMethod as never);
      expect((await browser.post("/logout")).status).to.equal(503);
      sinon.restore();
      expect([await browser.cookie(name), await browser.cookie("remember")]).to.eql(before);
      expect((await browser.get("/me")).status).to.equal(200);
      expect((await browser.post("/logout")).status).to.equal(200);
      expect([await browser.cookie("remember"), (await browser.get("/me")).status]).to.eql([undefined, 401]);
    });
  }
});
