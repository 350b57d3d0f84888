import { expect } from "chai";
import express, { type Express, type Request, type RequestHandler } from "express";
import expressSession from "express-session";
import { currentUser, isFresh, loginUser, logoutUser, MemoryStore, type SessionStore } from "latchkey";
import sinon from "sinon";
import { apiClient } from "../support/browser.js";
import { factorSite } from "../support/factor-site.js";
import { send } from "../support/raw-client.js";
import { storedSessions } from "../support/records.js";
import { serve } from "../support/server.js";
import { site } from "../support/site.js";

type Values = Record<string, unknown>;
const values = (req: Request) => req.session as unknown as Values;

/** The name of the logged-in user, or null. */
const nameOf = async (req: Request) => ((await currentUser(req)) as { name?: string }).name ?? null;

/** Hostile request bodies, for a handler that copies the body into the session. */
const HOSTILE: Record<string, string> = {
  "a prototype": '{"__proto__": {"polluted": true, "touch": null}}',
  "a null prototype": '{"__proto__": null}',
  "a constructor": '{"constructor": {"prototype": {"polluted": true}}}',
  "property names of Object.prototype":
    '{"toString": 1, "hasOwnProperty": 2, "valueOf": {}, "toJSON": 3, "isPrototypeOf": null}',
  "names of session methods":
    '{"save": 1, "reload": 2, "regenerate": 3, "destroy": 4, "touch": 5, "resetMaxAge": null}',
  "an id and a request": '{"id": "mine", "req": {"url": "/"}}',
  "a cookie": '{"cookie": {"originalMaxAge": "forever", "path": "evil;"}}',
  "a null cookie": '{"cookie": null}',
  "a login": '{"auth": {"userId": "2"}}',
  "a null login": '{"auth": null}',
  "names of promise methods": '{"then": 1, "catch": 2}',
};

/** Adds routes that copy the request body into the session and then act on the session. */
function copying({ app, ann }: Pick<ReturnType<typeof site>, "app" | "ann">): void {
  const copy: RequestHandler[] = [
    express.json(),
    (req, _res, next) => {
      Object.assign(req.session, req.body, { note: "kept" });
      next();
    },
  ];
  const answer = (act: (req: Request) => unknown): RequestHandler => {
    return async (req, res) => {
      await act(req);
      res.json([await nameOf(req), req.session?.note ?? null]);
    };
  };
  app.post(
    "/copy",
    ...copy,
    answer(() => {}),
  );
  app.post(
    "/copy/save",
    ...copy,
    answer((req) => new Promise((done) => void req.session.save(done))),
  );
  app.post(
    "/copy/reload",
    ...copy,
    answer(async (req) => {
      await new Promise((done) => void req.session.save(done));
      await new Promise((done) => void req.session.reload(done));
    }),
  );
  app.post(
    "/copy/regenerate",
    ...copy,
    answer((req) => new Promise((done) => void req.session.regenerate(done))),
  );
  app.post(
    "/copy/login",
    ...copy,
    answer((req) => loginUser(req, ann)),
  );
  app.post(
    "/copy/logout",
    ...copy,
    answer((req) => logoutUser(req)),
  );
}

const ACTS: Record<string, [string | null, string | null]> = {
  "/copy": [null, "kept"],
  "/copy/save": [null, "kept"],
  "/copy/reload": [null, "kept"],
  "/copy/regenerate": [null, null],
  "/copy/login": ["Ann", "kept"],
  "/copy/logout": [null, null],
};

describe("a request body that is copied into the session", () => {
  for (const [what, body] of Object.entries(HOSTILE)) {
    it(`with ${what} causes no error, changes no prototype and logs nobody in`, async () => {
      const at = site();
      copying(at);
      const origin = await serve(at.app);
      for (const [path, expected] of Object.entries(ACTS)) {
        for (const before of [undefined, "POST /note/before"]) {
          const { cookie = "" } = before ? await send(origin, before) : {};
          const answer = await send(origin, `POST ${path}`, { cookie, json: JSON.parse(body) });
          expect([answer.status, answer.text], `${path}, ${before}`).to.eql([200, JSON.stringify(expected)]);
          const next = { cookie: answer.cookie || cookie };
          expect((await send(origin, "GET /note", next)).text, path).to.equal(JSON.stringify(expected[1]));
          expect((await send(origin, "GET /me", next)).status, path).to.equal(expected[0] ? 200 : 401);
        }
      }
      expect({}).not.to.have.property("polluted");
    });

    it(`with ${what} leaves an existing login unchanged, and a logout still works`, async () => {
      const at = site();
      copying(at);
      const origin = await serve(at.app);
      const { cookie } = await send(origin, "POST /login/1");
      const copied = await send(origin, "POST /copy", { cookie, json: JSON.parse(body) });
      expect([copied.status, copied.text]).to.eql([200, '["Ann","kept"]']);
      expect(JSON.parse((await send(origin, "GET /me", { cookie })).text)).to.have.property("name", "Ann");
      expect((await send(origin, "POST /copy/logout", { cookie, json: JSON.parse(body) })).status).to.equal(200);
      expect((await send(origin, "GET /me", { cookie })).status).to.equal(401);
    });
  }

  it("does not break login and logout with the application's own express-session", async () => {
    const own = (login: { middleware(): RequestHandler }, app: Express) => {
      app.use(expressSession({ secret: "an express-session of its own", resave: false, saveUninitialized: false }));
      app.use(login.middleware());
    };
    const at = site({ store: undefined as never }, own as never);
    copying(at);
    const origin = await serve(at.app);
    const json = JSON.parse('{"save": 1, "regenerate": 2, "toString": 3, "destroy": 4, "reload": null}');
    const logged = await send(origin, "POST /copy/login", { json });
    expect([logged.status, logged.text]).to.eql([200, '["Ann","kept"]']);
    const out = await send(origin, "POST /copy/logout", { cookie: logged.cookie, json });
    expect([out.status, out.text]).to.eql([200, "[null,null]"]);
  });
});

describe("the login in a session", () => {
  /** Ways to try to write the login without loginUser. Each one gets a forged login of Bob. */
  const attempts: Record<string, (req: Request, forged: object) => unknown> = {
    "an assignment": (req, forged) => Object.assign(req.session, { auth: forged }),
    "a copy of the session": (req, forged) =>
      Object.assign(req.session, JSON.parse(JSON.stringify({ ...req.session, auth: forged }))),
    "a change inside the login": (req, forged) => {
      try {
        Object.assign(req.session.auth ?? {}, forged);
      } catch (error) {
        expect(error).to.be.instanceOf(TypeError);
      }
    },
    "an object that replaces the session": (req, forged) => {
      req.session = { ...values(req), auth: forged } as never;
    },
    "a session with another prototype": (req, forged) => Object.setPrototypeOf(req.session, { auth: forged }),
    "an object that inherits from the session": (req, forged) => {
      req.session = Object.assign(Object.create(req.session), { auth: forged });
    },
    "sessionStore.set with new data": (req, forged) =>
      new Promise((done) => req.sessionStore.set(req.sessionID, { cookie: {}, auth: forged } as never, done)),
    "sessionStore.set with data from sessionStore.get": (req, forged) =>
      new Promise((done) =>
        req.sessionStore.get(req.sessionID, (_error, found) =>
          req.sessionStore.set(req.sessionID, Object.assign(found ?? { cookie: {} }, { auth: forged }) as never, done),
        ),
      ),
    createSession: (req, forged) =>
      new Promise<void>((done) =>
        req.sessionStore.get(req.sessionID, (_error, found) => {
          req.sessionStore.createSession(req, Object.assign(found ?? { cookie: {} }, { auth: forged }) as never);
          done();
        }),
      ),
    "sessionStore.set under a new id": (req, forged) =>
      new Promise((done) => req.sessionStore.set("an-id-of-my-own", { cookie: {}, auth: forged } as never, done)),
  };

  for (const [how, attempt] of Object.entries(attempts)) {
    it(`cannot be forged by ${how}`, async () => {
      const { app, store, login } = site();
      const warned = sinon.stub(process, "emitWarning");
      let forged = {};
      app.post("/attempt", async (req, res) => {
        await attempt(req, forged);
        res.json(await nameOf(req));
      });
      const origin = await serve(app);
      const bob = await send(origin, "POST /login/2");
      [forged] = (await storedSessions(store.inner, "2")).map(({ data }) => data.auth as object) as [object];
      for (const [line, name] of [
        ["POST /login/1", "Ann"],
        ["POST /note/anonymous", null],
      ] as const) {
        const { cookie } = await send(origin, line);
        const given = await send(origin, "POST /attempt", { cookie });
        expect(given.status, line).to.equal(200);
        expect(
          [name, null].map((one) => JSON.stringify(one)),
          line,
        ).to.include(given.text);
        const { status, text } = await send(origin, "GET /me", { cookie: given.cookie || cookie });
        if (status === 200) expect(JSON.parse(text), line).to.have.property("name", name);
      }
      expect(await login.sessions.list("2"), "only Bob's own login").to.have.length(1);
      expect(await store.inner.read("an-id-of-my-own")).to.equal(null);
      expect((await send(origin, "GET /me", { cookie: bob.cookie })).status).to.equal(200);
      for (const [message, name] of warned.args) {
        expect(name).to.equal("LatchkeySessionWarning");
        expect(message).to.match(/req\.session\.auth was assigned/);
      }
      sinon.restore();
    });
  }

  it("can be removed with delete or with sessionStore.set", async () => {
    const { app, store } = site();
    app.post("/delete", (req, res) => {
      delete (values(req) as { auth?: unknown }).auth;
      res.send("deleted");
    });
    app.post("/data", (req, res) => {
      req.sessionStore.get(req.sessionID, (_error, found) => {
        delete found!.auth;
        req.sessionStore.set(req.sessionID, found!, () => res.send("set"));
      });
    });
    const origin = await serve(app);
    for (const path of ["/delete", "/data"]) {
      const { cookie } = await send(origin, "POST /login/1");
      expect((await send(origin, `POST ${path}`, { cookie })).status).to.equal(200);
      expect((await send(origin, "GET /me", { cookie })).status, path).to.equal(401);
    }
    expect(await storedSessions(store.inner, "1")).to.eql([]);
  });

  it("ends at a logout even if the session object was replaced", async () => {
    const { app } = site();
    app.post("/replace", async (req, res) => {
      req.session = { ...values(req), ...req.body } as never;
      await logoutUser(req);
      res.send("bye");
    });
    const origin = await serve(app);
    const { cookie } = await send(origin, "POST /login/1");
    expect((await send(origin, "POST /replace", { cookie })).status).to.equal(200);
    expect((await send(origin, "GET /me", { cookie })).status).to.equal(401);
  });

  it("is visible as the frozen property auth, which an anonymous session does not have", async () => {
    const { app } = site();
    app.get("/shown", (req, res) => {
      const { auth } = req.session;
      res.json([auth!.userId, Object.keys(req.session).sort(), Object.isFrozen(auth)]);
    });
    const origin = await serve(app);
    const { cookie } = await send(origin, "POST /login/1");
    expect(JSON.parse((await send(origin, "GET /shown", { cookie })).text)).to.eql(["1", ["auth", "cookie"], true]);
    const anonymous = await send(origin, "POST /note/anonymous");
    app.get("/keys", (req, res) => void res.json(Object.keys(req.session).sort()));
    expect(JSON.parse((await send(origin, "GET /keys", { cookie: anonymous.cookie })).text)).to.eql(["cookie", "note"]);
  });
});

describe("the methods of the login in a session", () => {
  /** Copies a body into an object, and into its inner objects, as libraries do. */
  function merge(into: Values, body: Values): void {
    for (const [key, value] of Object.entries(body)) {
      if (typeof value === "object" && typeof into[key] === "object") merge(into[key] as Values, value as Values);
      else Reflect.set(into, key, value);
    }
  }

  it("cannot be changed by a body that is merged into the session", async () => {
    const store = new MemoryStore();
    const read = store.read.bind(store);
    store.read = async (id) => structuredClone(await read(id)); // as from a database
    const { app, ann, factors } = factorSite({ store });
    factors.set(ann.id, []);
    app.post("/merge", (req, res) => {
      merge(values(req), req.body as Values);
      res.json(Object.isFrozen(req.session.auth?.methods));
    });
    app.post("/login-and-merge", async (req, res) => {
      await loginUser(req, ann, { methods: ["pwd"] });
      merge(values(req), req.body as Values);
      res.json(await isFresh(req, { methods: ["otp"] }));
    });
    app.post("/data", (req, res) => {
      req.sessionStore.get(req.sessionID, (_error, found) => {
        merge(found as unknown as Values, req.body as Values);
        req.sessionStore.set(req.sessionID, found!, () => res.json("set"));
      });
    });
    const client = apiClient(await serve(app));
    const json = { note: "kept", auth: { methods: { otp: Date.now() }, freshAt: Date.now() } };
    await client.post("/login/1", { json: { methods: ["pwd"] } });
    expect((await client.post("/merge", { json })).text).to.equal("true");
    expect((await client.get("/note")).text).to.equal('"kept"');
    expect((await client.get("/fresh-otp")).status).to.equal(403);
    expect((await client.post("/login-and-merge", { json })).text).to.equal("false");
    expect((await client.post("/data", { json })).text).to.equal('"set"');
    expect((await client.get("/fresh-otp")).status).to.equal(403);
  });
});

describe("a record that has values with reserved names", () => {
  it("can be read, changed, reloaded and regenerated like any other record", async () => {
    const { app, store } = site();
    app.post("/reload", async (req, res) => {
      await req.session.reload();
      values(req).count = 1;
      res.send(String(req.session.note));
    });
    app.post("/regenerate", (req, res) => {
      req.session.regenerate(() => res.send("new"));
    });
    const origin = await serve(app);
    const inner = store.inner as SessionStore;
    const read = inner.read.bind(inner);
    const hostile = JSON.parse(
      `{${Object.values(HOSTILE)
        .map((text) => text.slice(1, -1))
        .join(",")}}`,
    );
    delete hostile.auth;
    hostile.cookie = { maxAge: 1e300 };
    inner.read = async (id) => {
      const record = await read(id);
      return (
        record && {
          ...record,
          data: { ...JSON.parse('{"__proto__": {"polluted": true}}'), ...hostile, ...record.data },
        }
      );
    };
    const { cookie } = await send(origin, "POST /note/kept");
    expect((await send(origin, "GET /note", { cookie })).text).to.equal('"kept"');
    expect((await send(origin, "POST /reload", { cookie })).text).to.equal("kept");
    expect((await send(origin, "POST /note/changed", { cookie })).status).to.equal(200);
    expect((await send(origin, "GET /note", { cookie })).text).to.equal('"changed"');
    expect((await send(origin, "POST /regenerate", { cookie })).text).to.equal("new");
    expect({}).not.to.have.property("polluted");
  });
});
