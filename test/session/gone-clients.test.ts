import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { type ClientRequest, createServer, request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect } from "chai";
import type { Request, RequestHandler } from "express";
import expressSession from "express-session";
import { currentUser, isFresh, loginUser, logoutUser } from "latchkey";
import { importFrom, type OldSessionData } from "latchkey/session-imports";
import sinon from "sinon";
import { Gate } from "../support/barrier.js";
import { OLD_SECRET, type OldValues, oldApplication } from "../support/old-application.js";
import { type Person, SECRET } from "../support/people.js";
import { only, type RawAnswer, send } from "../support/raw-client.js";
import { serve } from "../support/server.js";
import { type Me, site } from "../support/site.js";

type Options = Parameters<typeof site>[0];

/** How the sessions are stored. */
const KEPT = {
  "latchkey's sessions": undefined,
  "express-session": () => expressSession({ secret: SECRET, resave: false, saveUninitialized: false }),
};
/**
 * When the client disconnects: before latchkey has seen the request, or while the route runs. "reset" is just before,
 * so that Node.js has not noticed it yet.
 */
const MOMENTS = ["before", "reset", "during"] as const;

/** What a request sees whose client has disconnected. */
interface Seen {
  name: string | null;
  fresh: boolean;
}

interface Leaving {
  query?: string;
  headers?: Record<string, string>;
  socketPath?: string;
}

/** A site, and a browser that has logged in. `leave` sends a request, and disconnects before the response. */
async function visited(options: Options, session?: () => RequestHandler, proxies: number | string = 0) {
  let arrived = new Gate();
  let tell: (seen: Promise<Seen>) => void;
  let sent: ClientRequest;
  const disconnected = async ({ socket }: Request) => {
    const closed = once(socket, "close");
    void arrived.pass();
    await closed;
  };
  const at = site(options, (login, app) => {
    app.set("trust proxy", proxies);
    app.use("/leave/before", (req, _res, next) => void disconnected(req).then(() => next()));
    app.use("/leave/reset", (_req, _res, next) => {
      sent.socket!.resetAndDestroy();
      next();
    });
    if (session) app.use(session());
    login.init(app);
  });
  at.app.use("/leave/:moment", async (req, _res, next) => {
    if (req.params.moment === "during") await disconnected(req);
    const see = async () => {
      const seen = { name: ((await currentUser(req)) as Person).name ?? null, fresh: await isFresh(req) };
      if (req.query.logout !== undefined) await logoutUser(req);
      if (typeof req.query.note !== "string") return seen;
      req.session.note = req.query.note;
      await promisify(req.session.save.bind(req.session))();
      return seen;
    };
    const seeing = see();
    tell(seeing);
    seeing.then(() => next(), next);
  });
  const events = sinon.fake();
  for (const name of ["sessionProtected", "loginEnded", "loginsRevoked", "rememberTokenStolen", "loggedOut"] as const) {
    at.login.on(name, () => events(name));
  }
  const origin = await serve(at.app);
  return {
    ...at,
    ...{ origin, events: () => events.args.flat() },
    login: async (json: object = {}, headers = {}) => (await send(origin, "POST /login/1", { json, headers })).cookie,
    me: (cookie: string): Promise<RawAnswer> => send(origin, "GET /me", { cookie }),
    async leave(moment: (typeof MOMENTS)[number], cookie: string, given: Leaving = {}): Promise<Seen> {
      const { query = "", headers, ...options } = given;
      arrived = new Gate();
      const seen = new Promise<Seen>((resolve) => {
        tell = resolve;
      });
      const url = `${origin}/leave/${moment}${query}`;
      sent = request(url, { headers: { ...headers, cookie }, agent: false, ...options }).on("error", () => {});
      sent.end();
      if (moment !== "reset") {
        await arrived.arrived();
        sent.destroy();
      }
      return seen;
    },
  };
}

describe("a client that disconnects before the response", () => {
  afterEach(() => sinon.restore());

  for (const mode of ["basic", "strong"] as const) {
    for (const [kept, session] of Object.entries(KEPT)) {
      for (const moment of MOMENTS) {
        it(`neither ends its login nor makes it stale: ${mode}, ${kept}, ${moment}`, async () => {
          const { login, leave, me, events } = await visited({ sessionProtection: mode }, session);
          const cookie = await login({ remember: true });
          const seen = await leave(moment, cookie);
          const unknown = { name: null, fresh: false };
          expect(seen).to.deep.equal(moment === "during" ? { name: "Ann", fresh: true } : unknown);
          const answer = await me(only(session ? "connect.sid" : "sid", cookie));
          expect(answer.status).to.equal(200);
          expect(JSON.parse(answer.text) as Me).to.include({ name: "Ann", fresh: true });
          expect(events()).to.deep.equal([]);
        });
      }
    }
  }

  for (const moment of MOMENTS) {
    it(`does not lose its remember cookie: ${moment}`, async () => {
      const { login, leave, me, events } = await visited({});
      const remember = only("remember", await login({ remember: true }));
      expect((await leave(moment, remember)).name).to.equal(moment === "during" ? "Ann" : null);
      // The browser has not received the new token of that restore. The same client gets it now.
      const { status, cookie } = await me(remember);
      expect(status).to.equal(200);
      expect(only("remember", cookie)).to.be.a("string").and.not.equal(remember);
      expect((await me(only("remember", cookie))).status).to.equal(200);
      expect(events()).to.deep.equal([]);
    });
  }

  it("does not keep its user from an application that is told the address by a proxy", async () => {
    const { login, leave } = await visited({}, undefined, 1);
    const headers = { "x-forwarded-for": "203.0.113.7" };
    const cookie = await login({ remember: true }, headers);
    for (const name of ["sid", "remember"]) {
      expect((await leave("before", only(name, cookie), { headers })).name, name).to.equal("Ann");
    }
  });

  for (const moment of MOMENTS) {
    it(`is not reported as a client without HTTPS behind a proxy: ${moment}`, async () => {
      const { leave } = await visited({ session: { cookie: { secure: true } } }, undefined, "loopback");
      const headers = { "x-forwarded-for": "203.0.113.7", "x-forwarded-proto": "https" };
      const seen = await leave(moment, "", { headers, query: "?note=own" });
      expect(seen.name).to.equal(null);
    });
  }

  it("keeps its user on a Unix domain socket, where no client has an address", async () => {
    const { app, login, leave } = await visited({});
    const cookie = only("remember", await login({ remember: true }));
    const directory = await mkdtemp(join(tmpdir(), "latchkey-"));
    const socketPath = join(directory, "socket");
    const server = createServer(app).listen(socketPath);
    await once(server, "listening");
    try {
      expect((await leave("during", cookie, { socketPath })).name).to.equal("Ann");
    } finally {
      server.close();
      await rm(directory, { recursive: true });
    }
  });

  for (const mode of ["basic", "strong"] as const) {
    for (const [kept, session] of Object.entries(KEPT)) {
      for (const moment of MOMENTS) {
        it(`changes the values of its session only if it is known: ${mode}, ${kept}, ${moment}`, async () => {
          const { origin, login, leave } = await visited({ sessionProtection: mode }, session);
          const cookie = await login();
          await send(origin, "POST /note/own", { cookie });
          await leave(moment, cookie, { query: "?note=other" });
          const { text } = await send(origin, "GET /note", { cookie });
          expect(JSON.parse(text)).to.equal(moment === "during" ? "other" : "own");
        });
      }
    }
  }

  for (const [kept, session] of Object.entries(KEPT)) {
    for (const moment of MOMENTS) {
      it(`can still log out: ${kept}, ${moment}`, async () => {
        const { login, leave, me, events } = await visited({}, session);
        const cookie = await login({ remember: true });
        await leave(moment, cookie, { query: "?logout" });
        expect(events()).to.deep.equal(["loggedOut"]);
        expect((await me(cookie)).status).to.equal(401);
      });
    }
  }

  for (const moment of MOMENTS) {
    it(`keeps a login that is imported: ${moment}`, async () => {
      const store = new expressSession.MemoryStore();
      const old = await serve(oldApplication(store));
      const { cookie } = await send(old, "POST /login", { json: { username: "1", password: "right" } });
      const userOf = ({ passport }: OldSessionData) => (passport as OldValues["passport"])?.user;
      const session = { importFrom: importFrom({ secret: OLD_SECRET, store, login: userOf }) };
      const { leave, me, events } = await visited({ sessionProtection: "strong", session });
      expect((await leave(moment, cookie)).name).to.equal(moment === "during" ? "Ann" : null);
      expect((await me(cookie)).status).to.equal(200);
      expect(events()).to.deep.equal([]);
    });
  }

  it("raises no alarm with a remember cookie that is out of date", async () => {
    const clock = sinon.useFakeTimers({ now: Date.now(), toFake: ["Date"] });
    const { login, leave, me, events } = await visited({});
    const remember = only("remember", await login({ remember: true }));
    let current = remember;
    for (let restored = 0; restored < 2; restored++) {
      current = only("remember", (await me(current)).cookie);
      clock.tick(3_600_000);
    }
    expect((await leave("before", remember)).name).to.equal(null);
    expect(events()).to.deep.equal([]);
    await me(remember);
    expect(events(), "the alarm of a client that stays").to.include("rememberTokenStolen");
  });

  for (const moment of ["before", "during"] as const) {
    it(`does not end its login by a closed WebSocket that is checked again: ${moment}`, async () => {
      const { app, login, store, ann } = site({ sessionProtection: "strong" });
      const arrived = new Gate();
      let tell: (found: Promise<unknown>) => void;
      const found = new Promise<unknown>((resolve) => {
        tell = resolve;
      });
      const origin = await serve(app, async (req, socket) => {
        const closed = once(socket.on("end", () => socket.destroy()).resume(), "close");
        if (moment === "during") await login.authenticate(req);
        void arrived.pass();
        await closed;
        tell(login.authenticate(req));
      });
      const { cookie } = await send(origin, "POST /login/1", { json: {} });
      const headers = { cookie, connection: "upgrade", upgrade: "websocket" };
      const sent = request(origin, { headers, agent: false }).on("error", () => {});
      sent.end();
      await arrived.arrived();
      sent.destroy();
      expect(await found).to.equal(moment === "before" ? null : ann);
      expect(await store.countOf("1")).to.equal(1);
    });
  }

  it("is stored with its address if it disconnects while it logs in", async () => {
    const { app, byId, store, origin } = await visited({});
    const reached = new Gate();
    const loggedIn = new Promise<boolean>((resolve, reject) => {
      app.post("/slow-login", async (req, res) => {
        const closed = once(req.socket, "close");
        void reached.pass();
        await closed;
        await loginUser(req, byId.get("1")!).then(resolve, reject);
        res.end();
      });
    });
    const sent = request(`${origin}/slow-login`, { method: "POST", agent: false }).on("error", () => {});
    sent.end();
    await reached.arrived();
    sent.destroy();
    await loggedIn;
    const { records } = await store.listByUser("1", { kind: "session", limit: 10 });
    expect(records.map(({ data }) => (data.auth as { address: string }).address)).to.deep.equal(["127.0.0.1"]);
  });
});
