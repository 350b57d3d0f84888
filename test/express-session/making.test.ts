import { expect } from "chai";
import express from "express";
import expressSession from "express-session";
import { LoginManager } from "latchkey";
import { send } from "../support/raw-client.js";
import { serve } from "../support/server.js";
import { both, either, type Kind, middleware, setCookie, sidOf, siteOf } from "./middlewares.js";

/** A site that numbers its sessions, and sends the number of the request's session. */
function counting(kind: Kind, options = {}) {
  let count = 0;
  return siteOf(kind, options, ({ session }, res) => {
    session.count ??= ++count;
    res.end(`session ${session.count}`);
  });
}

describe("express-session's contract: creating sessions", () => {
  it("only express-session exports constructors", () => {
    expect(expressSession.Session).to.be.a("function");
    expect(expressSession.Store).to.be.a("function");
    expect(new LoginManager({ secret: "x".repeat(32) }).session())
      .to.be.a("function")
      .with.property("length", 3);
  });

  both("ignores a request that already has a session", async (kind) => {
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

  both("rejects a missing secret", async (kind) => {
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

  both("creates a session and sets its cookie", async (kind) => {
    const at = await siteOf(kind, {}, ({ session }, res) => {
      session.note = "active";
      res.end("session active");
    });
    const answer = await at.visit();
    expect([answer.status, answer.text]).to.eql([200, "session active"]);
    expect(setCookie(answer)).not.to.equal(undefined);
    expect(await at.sessions.all()).to.have.length(1);
  });

  both("loads the session of the cookie", async (kind) => {
    const at = await counting(kind);
    const { cookie, text } = await at.visit();
    expect([text, (await at.visit(cookie)).text]).to.eql(["session 1", "session 1"]);
  });

  both("creates a session for each browser", async (kind) => {
    const at = await counting(kind);
    const texts = (await Promise.all([at.visit(), at.visit()])).map(({ text }) => text);
    expect(texts.sort()).to.eql(["session 1", "session 2"]);
    expect(await at.sessions.all()).to.have.length(2);
  });

  both("passes a read error of the store to the error handler", async (kind) => {
    const at = await counting(kind);
    const { cookie } = await at.visit();
    at.sessions.failures.read = new Error("boom!");
    const { status, text } = await at.visit(cookie);
    expect(status).to.equal(either(kind, 500, 503));
    if (kind === "express-session") expect(text).to.equal("boom!");
    else expect(at.errors[0]!.cause).to.have.property("message", "boom!");
  });

  both("treats ENOENT from the store as not found only in express-session", async (kind) => {
    const at = await counting(kind);
    const { cookie } = await at.visit();
    at.sessions.failures.read = Object.assign(new Error("boom!"), { code: "ENOENT" });
    const { status, text } = await at.visit(cookie);
    expect(status).to.equal(either(kind, 200, 503));
    if (kind === "express-session") expect(text).to.equal("session 2");
  });

  both("accepts a request without a URL", async (kind) => {
    const session = middleware(kind);
    const app = express().use((req, res, next) => {
      const { url } = req;
      req.url = req.originalUrl = "";
      session(req, res, (error) => {
        req.url = url; // Express uses the URL to find the handler
        next(error);
      });
    });
    app.use((_req, res) => void res.end());
    const answer = await send(await serve(app), "GET /");
    expect([answer.status, setCookie(answer) !== undefined]).to.eql([200, true]);
  });

  both("keeps its methods if the stored data has the same names", async (kind) => {
    const at = await siteOf(kind, {}, ({ session }, res) => {
      session.count = (session.count ?? 0) + 1;
      res.end(typeof session.save);
    });
    const { cookie } = await at.visit();
    await at.sessions.put({ save: "nope" });
    const answer = await at.visit(cookie);
    expect([answer.status, answer.text]).to.eql([200, "function"]);
  });

  both("has only its values and its cookie as enumerable properties", async (kind) => {
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

  both("saves nothing if req.sessionID is not a string", async (kind) => {
    const at = await siteOf(kind, {}, (req, res) => {
      req.sessionID = (() => {}) as never;
      req.session.note = "lost";
      res.end();
    });
    const answer = await at.visit();
    expect([answer.status, setCookie(answer), await at.sessions.all()]).to.eql([200, undefined, []]);
  });

  both("uses only the first of two mounted middlewares", async (kind) => {
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
