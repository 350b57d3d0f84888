import { expect } from "chai";
import express, { type ErrorRequestHandler } from "express";
import expressSession, { MemoryStore } from "express-session";
import { loginRequired, refreshStamp } from "latchkey";
import { ExpressSessionStore } from "latchkey/stores/express-session";
import type { Person } from "../support/people.js";
import { SECRET } from "../support/people.js";
import { only, send } from "../support/raw-client.js";
import { storedBrowsers } from "../support/records.js";
import { serve } from "../support/server.js";
import { site } from "../support/site.js";
import { WatchedStore } from "../support/watched-store.js";

type Options = NonNullable<Parameters<typeof site>[0]>;

/** Two ways to store sessions that cannot list the sessions of a user. */
const places: Record<string, (options: Options) => ReturnType<typeof site>> = {
  "the application's own express-session": (options) =>
    site(options, (login, app) => {
      const session = expressSession({ secret: SECRET, name: "sid", resave: false, saveUninitialized: false });
      app.use(session, login.middleware());
    }),
  "an ExpressSessionStore": (options) =>
    site({ ...options, store: new WatchedStore(new ExpressSessionStore(new MemoryStore())) }),
};

describe("logins that the store cannot list by user", () => {
  for (const [place, make] of Object.entries(places)) {
    describe(`in ${place}`, () => {
      async function visit(options: Options = {}) {
        const at = make(options);
        at.app.post("/password", loginRequired(), (req, res, next) => {
          (req.user as Person).stamp += "x";
          refreshStamp(req).then(() => res.send("changed"), next);
        });
        at.app.post("/sessions/:verb", (req, res, next) => {
          const verb = req.params.verb as "list" | "revoke" | "revokeAll";
          at.login.sessions[verb]("1", (req.query.id ?? {}) as never).then((value) => res.json(value), next);
        });
        at.app.use(((error, _req, res, _next) => void res.status(error.status).json(error)) as ErrorRequestHandler);
        return { ...at, origin: await serve(at.app) };
      }

      it("get a new session id at every login, confirmation and password change, and no old id works", async () => {
        const { origin } = await visit();
        const old: string[] = [];
        let { cookie } = await send(origin, "POST /login/1", { json: { remember: true } });
        for (const line of ["POST /confirm", "POST /password", "POST /login/1", "POST /logout"]) {
          old.push(only("sid", cookie));
          const answer = await send(origin, line, { cookie });
          expect(answer.status, line).to.equal(200);
          if (line !== "POST /logout") expect(answer.cookie, line).to.match(/sid=/);
          ({ cookie } = answer);
          for (const one of old) expect((await send(origin, "GET /me", { cookie: one })).status, line).to.equal(401);
        }
      });

      it("cannot be listed or revoked: the call fails with unsupported_by_store, and the login stays", async () => {
        const { origin } = await visit();
        const { cookie } = await send(origin, "POST /login/1");
        for (const line of ["POST /sessions/list", "POST /sessions/revoke?id=x", "POST /sessions/revokeAll"]) {
          const { status, text, headers } = await send(origin, line, { cookie });
          expect([status, JSON.parse(text).code, headers["set-cookie"]], line).to.eql([
            ...[501, "unsupported_by_store", undefined],
          ]);
        }
        expect((await send(origin, "GET /me", { cookie })).status).to.equal(200);
      });

      it("cannot be limited: maxSessions causes an error at the start or the login, and changes nothing", async () => {
        for (const onLimit of ["end-oldest", "refuse"] as const) {
          if (place === "an ExpressSessionStore") {
            const message = await visit({ maxSessions: 2, onLimit }).catch((error: Error) => error.message);
            expect(message).to.include("maxSessions: needs a store with all abilities");
            continue;
          }
          const { origin } = await visit({ maxSessions: 2, onLimit });
          const { cookie } = await send(origin, "POST /note/cart");
          const answer = await send(origin, "POST /login/1", { cookie, json: { remember: true } });
          expect([answer.status, JSON.parse(answer.text).code]).to.eql([501, "unsupported_by_store"]);
          expect(answer.headers["set-cookie"]).to.equal(undefined);
          expect((await send(origin, "GET /me", { cookie })).status).to.equal(401);
          expect((await send(origin, "GET /note", { cookie })).text).to.equal('"cart"');
        }
      });
    });
  }

  it("cannot be listed or revoked outside a request either, even if latchkey stores their browsers", async () => {
    const store = new WatchedStore();
    const { app, login } = places["the application's own express-session"]!({ store });
    const origin = await serve(app);
    const { cookie } = await send(origin, "POST /login/1", { json: { remember: true } });
    const { sessions } = login;
    for (const verb of [sessions.list("1"), sessions.revoke("1", "x"), sessions.revokeAll("1")]) {
      expect(await verb.catch(({ code }) => code)).to.equal("unsupported_by_store");
    }
    const { length } = await storedBrowsers(store, "1");
    expect([length, (await send(origin, "GET /me", { cookie })).status]).to.eql([1, 200]);
  });

  it("are invalid if their data in the session is malformed, and the user loader is not called", async () => {
    const asked: unknown[] = [];
    const at = places["the application's own express-session"]!({
      userLoader: (id) => {
        asked.push(id);
        return at.byId.get(id) ?? at.ann; // finds a user for a malformed id, as some databases do
      },
    });
    at.app.post("/assign", express.json(), (req, res) => {
      Object.assign(req.session, req.body);
      res.json(req.session.auth);
    });
    at.app.get("/auth", (req, res) => void res.json(req.session.auth));
    const origin = await serve(at.app);
    const login = await send(origin, "POST /login/1");
    const auth = JSON.parse((await send(origin, "GET /auth", { cookie: login.cookie })).text) as object;
    asked.length = 0;
    for (const forged of [
      ...["ann", 5, true, [auth], {}],
      ...[
        "v",
        "userId",
        "loginId",
        "loginAt",
        "freshAt",
        "remembered",
        "fingerprint",
        "stamp",
        "series",
        "pending",
      ].map((key) => ({
        ...auth,
        [key]: { $ne: null },
      })),
    ]) {
      const { cookie } = await send(origin, "POST /assign", { json: { auth: forged } });
      const { status } = await send(origin, "GET /me", { cookie });
      expect([status, asked], JSON.stringify(forged)).to.eql([401, []]);
    }
    expect((await send(origin, "GET /me", { cookie: login.cookie })).status).to.equal(200);
  });
});
