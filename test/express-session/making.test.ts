import { expect } from "chai";
import express from "express";
import expressSession from "express-session";
import { LoginManager } from "latchkey";
import { send } from "../support/raw-client.js";
import { serve } from "../support/server.js";
import { both, either, type Kind, middleware, setCookie, sidOf, siteOf } from "./middlewares.js";

/** A site that counts its sessions, and tells which one a request has. */
function counting(kind: Kind, options = {}) {
  let count = 0;
  return siteOf(kind, options, ({ session }, res) => {
    session.count ??= ++count;
    res.end(`session ${session.count}`);
  });
}

describe("express-session's contract: making sessions", () => {
  it("the constructors of express-session's are nobody's business but its own", () => {
    expect(expressSession.Session).to.be.a("function");
    expect(expressSession.Store).to.be.a("function");
    expect(new LoginManager({ secret: "x".repeat(32) }).session())
      .to.be.a("function")
      .with.property("length", 3);
  });

  both("leaves a request alone that has a session already", async (kind) => {
    const own = { mine: true };
    const at = await siteOf(
      kind,
      {},
      ({ session }, res) => res.end(String((session as object) === own)),
      (app) => {
        app.use((req, _res, next) => {
          req.session = own as never;
          next();
        });
      },
    );
    const answer = await at.visit();
    expect([answer.text, setCookie(answer), at.sessions.calls]).to.eql(["true", undefined, []]);
  });

  both("is told that a secret is missing", async (kind) => {
    if (kind === "latchkey") {
      expect(() => new LoginManager({} as never)).to.throw(/secret/);
      expect(() => new LoginManager({ secret: "too short" })).to.throw(/secret.*too short/);
      return;
    }
    const app = express().set("env", "test");
    app.use(expressSession({ resave: false, saveUninitialized: true } as never));
    const { status, text } = await send(await serve(app), "GET /");
    expect(status).to.equal(500);
    expect(text).to.match(/secret.*required/);
  });

  both("makes a session, with its cookie", async (kind) => {
    const at = await siteOf(kind, {}, ({ session }, res) => {
      session.note = "active";
      res.end("session active");
    });
    const answer = await at.visit();
    expect([answer.status, answer.text]).to.eql([200, "session active"]);
    expect(setCookie(answer)).not.to.equal(undefined);
    expect(await at.sessions.all()).to.have.length(1);
  });

  both("finds the session of the cookie", async (kind) => {
    const at = await counting(kind);
    const { cookie, text } = await at.visit();
    expect([text, (await at.visit(cookie)).text]).to.eql(["session 1", "session 1"]);
  });

  both("makes a session for each browser", async (kind) => {
    const at = await counting(kind);
    const texts = (await Promise.all([at.visit(), at.visit()])).map(({ text }) => text);
    expect(texts.sort()).to.eql(["session 1", "session 2"]);
    expect(await at.sessions.all()).to.have.length(2);
  });

  both("passes on that the store could not be read", async (kind) => {
    const at = await counting(kind);
    const { cookie } = await at.visit();
    at.sessions.failures.read = new Error("boom!");
    const { status, text } = await at.visit(cookie);
    expect(status).to.equal(either(kind, 500, 503));
    if (kind === "express-session") expect(text).to.equal("boom!");
    else expect(at.errors[0]!.cause).to.have.property("message", "boom!");
  });

  both("what the store says of a file that is missing", async (kind) => {
    const at = await counting(kind);
    const { cookie } = await at.visit();
    at.sessions.failures.read = Object.assign(new Error("boom!"), { code: "ENOENT" });
    const { status, text } = await at.visit(cookie);
    expect(status).to.equal(either(kind, 200, 503));
    if (kind === "express-session") expect(text).to.equal("session 2");
  });

  both("takes a request without a URL", async (kind) => {
    const session = middleware(kind);
    const app = express().use((req, res, next) => {
      const { url } = req;
      req.url = req.originalUrl = "";
      session(req, res, (error) => {
        req.url = url; // which Express looks for a handler by
        next(error);
      });
    });
    app.use((_req, res) => void res.end());
    const answer = await send(await serve(app), "GET /");
    expect([answer.status, setCookie(answer) !== undefined]).to.eql([200, true]);
  });

  both("keeps its verbs, whatever the store has under their names", async (kind) => {
    const at = await siteOf(kind, {}, ({ session }, res) => {
      session.count = (session.count ?? 0) + 1;
      res.end(typeof session.save);
    });
    const { cookie } = await at.visit();
    await at.sessions.put({ save: "nope" });
    const answer = await at.visit(cookie);
    expect([answer.status, answer.text]).to.eql([200, "function"]);
  });

  both("has nothing enumerable but its values and its cookie", async (kind) => {
    const at = await siteOf(kind, {}, ({ session }, res) => {
      Object.assign(session, { note: "a", count: 2 });
      const inherited: string[] = [];
      for (const key in session) inherited.push(key);
      res.end(JSON.stringify([Object.keys(session).sort(), inherited.sort()]));
    });
    const names = ["cookie", "count", "note"];
    const { text, cookie } = await at.visit();
    expect([JSON.parse(text), JSON.parse((await at.visit(cookie)).text)]).to.eql([
      [names, names],
      [names, names],
    ]);
  });

  both("saves nothing under an id that is none", async (kind) => {
    const at = await siteOf(kind, {}, (req, res) => {
      req.sessionID = (() => {}) as never;
      req.session.note = "lost";
      res.end();
    });
    const answer = await at.visit();
    expect([answer.status, setCookie(answer), await at.sessions.all()]).to.eql([200, undefined, []]);
  });

  both("may be mounted twice: the first one counts", async (kind) => {
    const at = await siteOf(
      kind,
      {},
      ({ session }, res) => {
        session.note = "kept";
        res.end();
      },
      (app) => app.use(middleware(kind, { name: "first" })),
    );
    const answer = await at.visit();
    expect([sidOf(answer, "first") !== undefined, setCookie(answer), at.sessions.calls]).to.eql([true, undefined, []]);
  });
});
