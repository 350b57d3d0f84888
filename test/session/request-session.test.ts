import { expect } from "chai";
import type { Request, RequestHandler, Response } from "express";
import expressSession from "express-session";
import { confirmLogin, currentUser, loginUser, logoutUser } from "latchkey";
import { Gate } from "../support/barrier.js";
import { Browser } from "../support/browser.js";
import { SECRET } from "../support/people.js";
import { only, send } from "../support/raw-client.js";
import { serve } from "../support/server.js";
import { site } from "../support/site.js";
import { WatchedStore } from "../support/watched-store.js";

const OLD = "the secret of last year, 32 characters or more";

/** How a browser gets a session, and why the late response would set the session cookie. */
interface Scene {
  options: Parameters<typeof site>[0];
  /** The options of the site that created the session cookie, if they are different. */
  before?: Parameters<typeof site>[0];
  /** Runs in the late request before it waits. */
  prepare?: (req: Request) => unknown;
}

const scenes: Record<string, Scene> = {
  "with rolling": { options: { session: { rolling: true } } },
  "with rolling and a maxAge": { options: { session: { rolling: true, cookie: { maxAge: "1h" } } } },
  "with rolling and a loaded user": { options: { session: { rolling: true } }, prepare: () => currentUser() },
  "with a cookie that an older secret signed": {
    options: { secret: [SECRET, OLD] },
    before: { secret: OLD },
    prepare: () => currentUser(),
  },
  "with a maxAge, already saved by the request": {
    options: { session: { cookie: { maxAge: "1h" } } },
    prepare: (req) => {
      req.session.count = (req.session.count ?? 0) + 1;
      return req.session.save();
    },
  },
};

/** Ways in which another request of the same browser ends the session. */
const ends: Record<string, (req: Request) => Promise<unknown>> = {
  "a login": async (req) => loginUser(req, (await currentUser()) as Express.User),
  "a confirmation": (req) => confirmLogin(req),
  "a logout": (req) => logoutUser(req),
};

const whole: Record<string, (res: Response) => unknown> = {
  send: (res) => res.send("late"),
  json: (res) => res.json("late"),
  end: (res) => res.end("late"),
  redirect: (res) => res.redirect("/late"),
};

const streamed: Record<string, (res: Response) => unknown> = {
  write: (res) => {
    res.write("la");
    res.end("te");
  },
  writeHead: (res) => res.writeHead(200, { "Content-Type": "text/plain" }).end("late"),
  flushHeaders: (res) => {
    res.flushHeaders();
    res.end("late");
  },
};

const ways = [...Object.entries(whole), ...Object.entries(streamed)];
const few = ways.filter(([way]) => ["send", "write"].includes(way));

/** A site with a late request that waits at a gate, and with routes that end its session. */
async function lateSite({ options, before, prepare }: Scene, answer: (res: Response) => unknown) {
  const store = new WatchedStore();
  // Users have no stamp and logins are not bound to a client, because a hash that is made again changes the session.
  const common = { sessionProtection: false, ...options, store } as const;
  const at = site(common);
  const made = before ? site({ ...common, ...before }) : at;
  for (const one of [at.ann, made.ann]) Object.assign(one, { getSessionStamp: undefined });
  const gate = new Gate();
  const act =
    (run: RequestHandler): RequestHandler =>
    (req, res, next) =>
      void Promise.resolve(run(req, res, next)).catch(next);
  at.app.get(
    "/late",
    act(async (req, res) => {
      await prepare?.(req);
      await gate.pass();
      answer(res);
    }),
  );
  for (const [name, end] of Object.entries(ends)) {
    at.app.post(
      `/${name.slice(2)}`,
      act(async (req, res) => {
        await end(req);
        res.send(name);
      }),
    );
  }
  const origin = await serve(at.app);
  const first = before ? await serve(made.app) : origin;
  return { ...at, store, origin, first, gate };
}

describe("the session cookie when another request ends the session", () => {
  for (const [scene, given] of Object.entries(scenes)) {
    for (const end of Object.keys(ends)) {
      for (const [way, answer] of end === "a login" ? ways : few) {
        it(`is not set by a late response (${way}) after ${end}, ${scene}`, async () => {
          const { first, origin, gate } = await lateSite(given, answer);
          const browser = new Browser(first, { accept: "application/json" });
          await browser.post("/login/1");
          const another = Object.assign(new Browser(origin, browser.headers), { jar: browser.jar });
          const late = another.get("/late").catch(() => null); // a response that has started may be cut
          await gate.arrived();
          await another.post(`/${end.slice(2)}`);
          gate.open();
          const answered = await late;
          if (way in whole) expect(answered?.status).to.equal(way === "redirect" ? 302 : 200);
          expect(answered?.cookies ?? []).to.eql([]);
          expect((await another.get("/me")).status).to.equal(end === "a logout" ? 401 : 200);
        });
      }
    }
  }

  for (const [way, answer] of ways) {
    it(`is set while the session exists, which costs one more store call (${way})`, async () => {
      for (const [scene, given] of Object.entries(scenes)) {
        const { first, origin, gate, store } = await lateSite(given, answer);
        gate.open();
        const { cookie } = await send(first, "POST /login/1");
        store.calls = [];
        const { headers } = await send(origin, "GET /late", { cookie });
        expect(headers["set-cookie"]?.join(), scene).to.match(/^sid=s/);
        expect(store.calls, scene).to.eql(["read", ...(scene.includes("saved") ? ["update"] : []), "read"]);
      }
    });
  }

  it("is not set if the second read of the store fails, and the response is sent unchanged", async () => {
    const { app, store } = site({ session: { rolling: true } });
    const origin = await serve(app);
    const { cookie } = await send(origin, "POST /login/1");
    let reads = 0;
    store.before = (verb) => (verb === "read" && ++reads === 2 ? Promise.reject(new Error("away")) : undefined);
    const answer = await send(origin, "GET /public", { cookie });
    expect([answer.status, answer.text, answer.headers["set-cookie"], reads]).to.eql([200, "hello", undefined, 2]);
    expect((await send(origin, "GET /public", { cookie })).cookie).to.equal(cookie);
  });
});

describe("the stateless remember cookie that each request renews", () => {
  const remember = { mode: "stateless", refreshEachRequest: true } as const;
  const own = (login: { middleware(): RequestHandler }, app: import("express").Express) => {
    app.use(
      expressSession({ secret: SECRET, resave: false, saveUninitialized: false, name: "sid" }),
      login.middleware(),
    );
  };

  for (const [where, mount] of [
    ["latchkey's sessions", undefined],
    ["the application's own express-session", own],
  ] as const) {
    for (const [way, answer] of few) {
      it(`is not renewed after a logout by another request, with ${where} (${way})`, async () => {
        const at = site({ remember }, mount);
        const gate = new Gate();
        at.app.get("/late", (_req, res) => void gate.pass().then(() => answer(res)));
        const browser = new Browser(await serve(at.app), { accept: "application/json" });
        await browser.post("/login/1", { json: { remember: true } });
        const late = browser.get("/late").catch(() => null);
        await gate.arrived();
        await browser.post("/logout");
        gate.open();
        const answered = await late;
        if (way in whole) expect(answered?.status).to.equal(way === "redirect" ? 302 : 200);
        expect(answered?.cookies ?? []).to.eql([]);
        expect((await browser.get("/me")).status).to.equal(401);
      });

      it(`is renewed while the login lasts, with ${where} (${way})`, async () => {
        const at = site({ remember }, mount);
        at.app.get("/late", (_req, res) => answer(res));
        const origin = await serve(at.app);
        const { cookie } = await send(origin, "POST /login/1", { json: { remember: true } });
        const renewed = await send(origin, "GET /late", { cookie });
        expect(renewed.cookie).to.match(/^remember=/);
        expect(renewed.headers["cache-control"]).to.equal("private, no-store");
        const restored = await send(origin, "GET /me", { cookie: only("remember", cookie) });
        expect(only("remember", restored.cookie), "by the request that restores the login").to.match(/^remember=/);
      });
    }
  }
});
