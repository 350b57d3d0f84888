import { expect } from "chai";
import express, { type ErrorRequestHandler } from "express";
import { currentUser, loginRequired, loginUser, logoutUser } from "latchkey";
import sinon from "sinon";
import { both, siteOf } from "../express-session/middlewares.js";
import { afterTest } from "../support/after-test.js";
import { only, send, sidIn } from "../support/raw-client.js";
import { serve } from "../support/server.js";
import { site } from "../support/site.js";

describe("a session in a SessionStore", () => {
  it("keeps its data between requests, separate from other sessions", async () => {
    const origin = await serve(site().app);
    const [one, two] = [await send(origin, "POST /note/one"), await send(origin, "POST /note/two")];
    expect(one.cookie).not.to.equal(two.cookie);
    expect((await send(origin, "GET /note", { cookie: one.cookie })).text).to.equal('"one"');
    expect((await send(origin, "GET /note", { cookie: two.cookie })).text).to.equal('"two"');
    expect((await send(origin, "GET /note")).text).to.equal("null");
  });

  it("saves changes inside a value, but not changes to the data that sessionStore.get returns", async () => {
    const { app } = site();
    app.post("/cart/:what", (req, res, next) => {
      const session = req.session as typeof req.session & { cart?: { items: string[] } };
      session.cart ??= { items: [] };
      session.cart.items.push(String(req.params.what));
      if (req.params.what === "broken") Object.assign(session, { broken: 1n });
      req.sessionStore.get(req.sessionID, (error: unknown, kept) => {
        const asked = kept as unknown as typeof session | null;
        asked?.cart?.items.push("not saved");
        if (error) next(error);
        else res.json(session.cart);
      });
    });
    app.use(((_error, _req, res, _next) => res.status(500).end()) as ErrorRequestHandler);
    const origin = await serve(app);
    const { cookie } = await send(origin, "POST /cart/one");
    expect((await send(origin, "POST /cart/broken", { cookie })).status).to.equal(500);
    expect((await send(origin, "POST /cart/two", { cookie })).text).to.equal('{"items":["one","two"]}');
  });

  both("keeps the lifetime of its cookie when data from sessionStore.get is written", async (kind) => {
    // express-session computes the lifetime from two readings of the clock.
    const clock = sinon.useFakeTimers({ now: Date.now(), toFake: ["Date"] });
    afterTest(() => clock.restore());
    const at = await siteOf(kind, {}, (req, res) => {
      req.session.count ??= 0;
      req.session.save(() => {
        req.sessionStore.get(req.sessionID, (_error, data) => {
          req.sessionStore.set(req.sessionID, data!, () => void res.json(req.session.cookie.originalMaxAge));
        });
      });
    });
    const { cookie } = await at.visit();
    expect((await at.visit(cookie)).text).to.equal("60000");
  });

  it("saves changes inside a value, even a frozen one, and changes that follow a save", async () => {
    const { app } = site();
    const steps: Record<string, Array<(session: Record<string, unknown>) => void>> = {
      "/frozen": [
        (session) => Object.assign(session, { one: Object.freeze({ items: [] as number[], note: "" }) }),
        ({ one }) => (one as { items: number[] }).items.push(1),
      ],
      "/back": [(session) => delete session.two, (session) => Object.assign(session, { two: 2 })],
      "/again": [
        (session) => Object.assign(session, { two: 3, six: 6 }),
        (session) => Object.assign(session, { two: 2 }),
      ],
      "/gone": [(session) => delete session.six],
      "/soon-gone": [(session) => Object.assign(session, { seven: 7 }), (session) => delete session.seven],
      "/inside": [({ three }) => Object.assign(three as object, { a: 2 })],
      "/away": [(session) => Object.assign(session, { two: undefined, three: undefined, four: () => {} })],
    };
    app.post("/put", (req, res) => {
      Object.assign(req.session, { two: 2, three: { a: 1 }, four: "4", five: null });
      res.send("put");
    });
    app.get("/all", ({ session: { cookie: _, ...all } }, res) => void res.json(all));
    app.post(Object.keys(steps), async (req, res) => {
      for (const step of steps[req.path]!) {
        step(req.session as never);
        if (step !== steps[req.path]!.at(-1)) await new Promise((resolve) => req.session.save(resolve));
      }
      res.send("done");
    });
    const origin = await serve(app);
    const { cookie } = await send(origin, "POST /put");
    for (const path of Object.keys(steps)) {
      expect((await send(origin, `POST ${path}`, { cookie })).status, path).to.equal(200);
      const all = JSON.parse((await send(origin, "GET /all", { cookie })).text);
      const rest = { two: 2, three: { a: path === "/inside" ? 2 : 1 }, four: "4" };
      const kept = { one: { items: [1], note: "" }, five: null };
      const six = path === "/again" ? { six: 6 } : {};
      expect(all, path).to.eql({ ...kept, ...six, ...(path === "/away" ? {} : rest) });
    }
  });

  it("supports regenerate, reload and destroy with a callback", async () => {
    const { app, store } = site();
    app.post("/regenerate", (req, res, next) => {
      req.session.regenerate((error: unknown) => {
        req.session.note = "new";
        if (error) next(error);
        else res.send("ok");
      });
    });
    app.post("/destroy", (req, res, next) => {
      req.session.destroy((error: unknown) => (error ? next(error) : res.send("ok")));
    });
    const origin = await serve(app);
    app.post("/reload", async (req, res, next) => {
      await send(origin, "POST /note/other", { cookie: req.headers.cookie! });
      req.session.reload((error: unknown) => (error ? next(error) : res.json(req.session.note)));
    });
    const first = (await send(origin, "POST /note/first")).cookie;
    expect((await send(origin, "POST /reload", { cookie: first })).text).to.equal('"other"');
    const second = (await send(origin, "POST /regenerate", { cookie: first })).cookie;
    expect((await send(origin, "GET /note", { cookie: first })).text).to.equal("null");
    expect((await send(origin, "GET /note", { cookie: second })).text).to.equal('"new"');
    store.calls = [];
    await send(origin, "POST /destroy", { cookie: second });
    expect(store.calls).to.deep.equal(["read", "destroy"]);
    expect((await send(origin, "GET /note", { cookie: second })).text).to.equal("null");
  });

  it("is logged out after the application destroys it, and a new login works", async () => {
    const { app, bob } = site();
    app.post("/destroyed", async (req, res) => {
      await new Promise((resolve) => req.session.destroy(resolve));
      const before = (await currentUser()) as { name?: string };
      await loginUser(req, bob);
      const after = (await currentUser()) as { name?: string };
      res.json([before.name ?? null, after.name ?? null]);
    });
    const origin = await serve(app);
    const { cookie } = await send(origin, "POST /login/1", { json: { remember: true } });
    const answer = await send(origin, "POST /destroyed", { cookie });
    expect(answer.text).to.equal('[null,"Bob"]');
    expect((await send(origin, "GET /me", { cookie: answer.cookie })).text).to.include("Bob");
    expect((await send(origin, "GET /me", { cookie: only("sid", cookie) })).status).to.equal(401);
  });

  it("reports a save after it was deleted: the response is a 401, or is cut if it has started", async () => {
    const { app, login } = site();
    const gone = sinon.fake();
    login.on("sessionGone", gone);
    const origin = await serve(app);
    app.post("/late/:how", async (req, res, next) => {
      await send(origin, "POST /logout", { cookie: req.headers.cookie! });
      req.session.note = "late";
      const { how } = req.params;
      if (how === "stream") res.write("begun, ");
      if (how === "end") res.send("not saved");
      else if (how === "now") req.session.save((error?: unknown) => (error ? next(error) : res.send("ok")));
      else req.session.save((error?: { code: string }) => void res.end(error?.code));
    });
    const answers: Array<number | string | undefined> = [];
    const codeOf = ({ code }: { code?: string }) => code;
    for (const how of ["end", "now", "stream"]) {
      const { cookie } = await send(origin, "POST /login/1");
      answers.push(await send(origin, `POST /late/${how}`, { cookie }).then(({ status }) => status, codeOf));
    }
    expect(answers, "the stream is cut").to.deep.equal([401, 401, "ECONNRESET"]);
    expect(gone.callCount).to.be.at.least(3);
  });

  it("works with libraries that use an express-session store", async () => {
    const { app, store } = site();
    // biome-ignore lint/suspicious/noExplicitAny: each method calls back with a different type
    type Value = any;
    const called = (call: (done: (error?: unknown, value?: Value) => void) => void) =>
      new Promise<Value>((resolve, reject) => call((error, value) => (error ? reject(error) : resolve(value))));
    app.use("/library", express.json());
    app.post("/library/:verb/:sid", async ({ params: { verb, sid }, body, sessionStore }, res) => {
      if (verb === "get") res.json(await called((done) => sessionStore.get(sid, done)));
      if (verb === "load") {
        const loaded = await called((done) => sessionStore.load(sid, done));
        res.json(loaded ? [loaded.id, typeof loaded.save, loaded.note ?? null] : null);
      }
      if (verb === "set") res.json(await called((done) => sessionStore.set(sid, body, done)));
      if (verb === "touch") res.json(await called((done) => sessionStore.touch!(sid, body, done)));
      if (verb === "destroy") res.json(await called((done) => sessionStore.destroy(sid, done)));
      if (verb === "change") {
        const data = await called((done) => sessionStore.get(sid, done));
        await send(origin, "POST /note/meanwhile", { cookie: body.cookie });
        await called((done) => sessionStore.set(sid, Object.assign(data, { count: 1 }), done));
        res.json(await called((done) => sessionStore.set(body.other, data, done)));
      }
    });
    app.post("/create/:sid", async (req, res) => {
      const data = await called((done) => req.sessionStore.get(req.params.sid, done));
      const session = req.sessionStore.createSession(req, data);
      session.note = "created";
      await called((done) => session.save(done));
      res.json(req.session === session && session.id === req.params.sid);
    });
    const origin = await serve(app);
    const ask = async (line: string, json: object = {}) =>
      JSON.parse((await send(origin, line, { json })).text || "null");
    const me = async () => (await send(origin, "GET /me", { cookie })).status;
    const noted = async (of = cookie) => JSON.parse((await send(origin, "GET /note", { cookie: of })).text);

    const { cookie } = await send(origin, "POST /login/1");
    const other = (await send(origin, "POST /note/other")).cookie;
    const [sid, otherSid] = [sidIn(cookie), sidIn(other)];
    const data = await ask(`POST /library/get/${sid}`);
    expect([data.auth.userId, data.cookie]).to.deep.equal(["1", { originalMaxAge: null }]);
    expect(await ask("POST /library/get/nobody")).to.equal(null);
    expect(await ask("POST /library/load/nobody")).to.equal(null);

    await ask(`POST /library/change/${sid}`, { cookie, other: otherSid });
    expect([await noted(), (await ask(`POST /library/get/${sid}`)).count]).to.deep.equal(["meanwhile", 1]);
    expect((await ask(`POST /library/get/${otherSid}`)).count, "set under another id").to.equal(1);
    expect(await ask(`POST /create/${sid}`)).to.equal(true);
    expect([await noted(), await me()]).to.deep.equal(["created", 200]);
    expect(await ask(`POST /library/load/${sid}`)).to.deep.equal([sid, "function", "created"]);

    const plain = { cookie: { originalMaxAge: null }, note: "plain" };
    await ask(`POST /library/set/${sid}`, plain);
    expect([await noted(), await me()], "without the login").to.deep.equal(["plain", 401]);
    await ask("POST /library/set/another", plain);
    expect((await ask("POST /library/get/another")).note).to.equal("plain");

    const clock = sinon.useFakeTimers({ now: Date.now() + 120_000, toFake: ["Date"] });
    store.calls = [];
    await ask(`POST /library/touch/${sid}`, plain);
    clock.restore();
    expect(store.calls.filter((verb) => verb === "touch")).to.have.length(1);
    await ask(`POST /library/destroy/${sid}`);
    expect([await noted(), await ask(`POST /library/get/${sid}`)]).to.deep.equal([null, null]);
  });

  it("removes the cookie at a logout, whatever the application then does with req.session", async () => {
    const leave: Record<string, (req: express.Request) => unknown> = {
      kept: () => {},
      undefined: (req) => Object.assign(req, { session: undefined }),
      null: (req) => Object.assign(req, { session: null }),
      deleted: (req) => delete (req as { session?: unknown }).session,
      destroyed: (req) => (req.session.destroy as () => Promise<void>)(),
    };
    for (const unset of ["keep", "destroy"] as const) {
      const { app } = site({ session: { unset } });
      app.post("/leave/:how", async (req, res) => {
        await logoutUser(req);
        await leave[req.params.how!]!(req);
        res.send("bye");
      });
      const origin = await serve(app);
      for (const how of Object.keys(leave)) {
        const { cookie } = await send(origin, "POST /login/1");
        const { headers } = await send(origin, `POST /leave/${how}`, { cookie });
        expect(headers["set-cookie"]?.[0], `${how}, ${unset}`).to.match(/^sid=;/);
      }
    }
  });

  it("sends 503 and writes nothing if 20 updates in a row conflict with other writes", async () => {
    const { app, store } = site();
    const origin = await serve(app);
    const { cookie } = await send(origin, "POST /note/before");
    const { update } = store.inner;
    let tries = 0;
    store.inner.update = async () => ++tries === 0;
    expect((await send(origin, "POST /note/after", { cookie })).status).to.equal(503);
    expect(tries).to.equal(20);
    store.inner.update = update;
    expect((await send(origin, "GET /note", { cookie })).text).to.equal('"before"');
  });

  it("ignores hostile property names in a stored record", async () => {
    const { app, store } = site();
    app.get("/look", (req, res) => {
      const { polluted } = {} as { polluted?: unknown };
      res.json([polluted ?? null, typeof req.session.save, typeof req.session.hasOwnProperty, req.session.note]);
    });
    const origin = await serve(app);
    const { cookie } = await send(origin, "POST /note/mine");
    const { read } = store.inner;
    store.inner.read = async (id) => {
      const record = await read.call(store.inner, id);
      const hostile =
        '{"__proto__":{"polluted":1},"constructor":1,"hasOwnProperty":1,"save":1,"req":1,"id":1,"cookie":{"maxAge":"x","path":"/evil"}}';
      return record && { ...record, data: { ...JSON.parse(hostile), ...record.data } };
    };
    const answer = await send(origin, "GET /look", { cookie });
    expect(answer.text).to.equal('[null,"function","function","mine"]');
    expect((await send(origin, "POST /note/again", { cookie })).status).to.equal(200);
    expect(Object.keys(Object.prototype)).to.deep.equal([]);
  });

  it("serves public routes outside the cookie's path, where a guard sends an error that explains why", async () => {
    const { app } = site({ session: { cookie: { path: "/inside" } } });
    app.get("/inside/me", loginRequired(), (_req, res) => void res.send("me"));
    const origin = await serve(app);
    expect((await send(origin, "GET /public")).status).to.equal(200);
    expect((await send(origin, "GET /inside/me")).status).to.equal(401);
    const refused = await send(origin, "GET /me");
    expect(refused.status).to.equal(500);
    expect(refused.text).to.include("the cookie&#39;s path does not cover this request");
  });

  for (const verb of ["login", "logout"] as const) {
    it(`does not undo a ${verb} when an earlier user load finishes`, async () => {
      const { app, bob, byId, login } = site();
      login.userLoader(async (id) => {
        await new Promise((resolve) => setTimeout(resolve, 10));
        return byId.get(id);
      });
      app.post("/hasty", async (req, res) => {
        const loading = currentUser();
        if (verb === "login") await loginUser(req, bob);
        else await logoutUser(req);
        await loading;
        res.json(((await currentUser()) as { name?: string }).name ?? null);
      });
      const origin = await serve(app);
      const remember = only("remember", (await send(origin, "POST /login/1", { json: { remember: true } })).cookie);
      const answer = await send(origin, "POST /hasty", { cookie: remember });
      expect(answer.text).to.equal(verb === "login" ? '"Bob"' : "null");
      const next = await send(origin, "GET /me", { cookie: answer.cookie });
      if (verb === "login") expect(next.text).to.include("Bob");
      else expect(next.status).to.equal(401);
    });
  }
});
