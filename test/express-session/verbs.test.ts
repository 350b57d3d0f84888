import { expect } from "chai";
import type { Request } from "express";
import sinon from "sinon";
import { both, either, type Kind, MINUTE, type Options, setCookie, sidOf, siteOf } from "./middlewares.js";

/** A site where `/` creates a session, and every other path calls `act`. */
function doing(kind: Kind, act: (req: Request, at: Awaited<ReturnType<typeof siteOf>>) => Promise<unknown>) {
  return siteOf(kind, {}, async (req, res, at) => {
    if (req.url === "/") req.session.note = "made";
    const text = req.url === "/" ? "made" : String(await act(req, at));
    res.end(text);
  });
}

/** Resolves with the error that a method passes to its callback. */
function called(verb: (done: (error?: Error) => void) => unknown): Promise<Error | undefined> {
  return new Promise((resolve) => void verb((error) => resolve(error ?? undefined)));
}

describe("express-session's contract: the methods of a session", () => {
  both("keeps its values from one request to the next", async (kind) => {
    const at = await siteOf(kind, {}, ({ session }, res) => {
      session.count = (session.count ?? 0) + 1;
      res.end(`hits: ${session.count}`);
    });
    const { text, cookie } = await at.visit();
    expect([text, (await at.visit(cookie)).text]).to.eql(["hits: 1", "hits: 2"]);
  });

  both("with a lifetime, sets the cookie again only when the session changes", async (kind) => {
    const at = await siteOf(kind, {}, ({ url, session }, res) => {
      if (url === "/") session.count = (session.count ?? 0) + 1;
      res.end(String(session.count));
    });
    const { cookie } = await at.visit();
    const seen: Array<[string, boolean]> = [];
    for (const path of ["/", "/look", "/"]) {
      const answer = await at.visit(cookie, `GET ${path}`);
      seen.push([answer.text, setCookie(answer) !== undefined]);
    }
    expect(seen).to.eql([
      ["2", true],
      ["2", false],
      ["3", true],
    ]);
  });

  both("is undefined in express-session while the store is down; latchkey sends 503", async (kind) => {
    const at = await siteOf(kind, { saveUninitialized: false }, (req, res) => res.end(typeof req.session));
    if (kind === "express-session") {
      const { store } = at.sessions as unknown as { store: { emit(event: string): void } };
      store.emit("disconnect");
      const away = await at.visit();
      store.emit("connect");
      expect([away.text, setCookie(away), (await at.visit()).text]).to.eql(["undefined", undefined, "object"]);
      return;
    }
    at.sessions.failures.read = new Error("away");
    const cookie = (await signedCookie()).cookie;
    const away = await at.visit(cookie);
    at.sessions.failures = {};
    expect([away.status, setCookie(away), (await at.visit(cookie)).text]).to.eql([503, undefined, "object"]);
  });

  both("destroy: removes the session from the request and the store", async (kind) => {
    const at = await doing(kind, async (req) => {
      const error = await called((done) => req.session.destroy(done));
      return [error, req.session].map(String);
    });
    const { cookie } = await at.visit();
    for (const sent of [undefined, cookie]) {
      const answer = await at.visit(sent, "GET /destroy");
      expect([answer.text, setCookie(answer)]).to.eql(["undefined,undefined", undefined]);
    }
    expect(await at.sessions.all()).to.eql([]);
  });

  both("regenerate: replaces the session with a new one that has another id", async (kind) => {
    const at = await doing(kind, async (req) => {
      const { id } = req.session;
      const error = await called((done) => req.session.regenerate(done));
      return [error, req.session.id === id, req.sessionID === req.session.id, req.session.note].map(String);
    });
    const first = await at.visit();
    const second = await at.visit(first.cookie, "GET /regenerate");
    expect(second.text).to.equal("undefined,false,true,undefined");
    expect(sidOf(second)).to.be.a("string").that.does.not.equal(sidOf(first));
    expect(await at.sessions.all()).to.have.length(1);
  });

  both("reload: reads the session from the store again", async (kind) => {
    const at = await doing(kind, async (req, site) => {
      const note = req.url.slice(1);
      req.session.note = note;
      if (note === "other") return note;
      await site.visit(req.headers.cookie, "GET /other");
      const error = await called((done) => req.session.reload(done));
      return [error, req.session.note].map(String);
    });
    const { cookie } = await at.visit();
    expect((await at.visit(cookie, "GET /mine")).text).to.equal("undefined,other");
  });

  both("reload: fails if the session is no longer in the store", async (kind) => {
    const at = await doing(kind, async (req, { sessions }) => {
      await sessions.clear();
      return (await called((done) => req.session.reload(done)))!.message;
    });
    const { cookie } = await at.visit();
    expect((await at.visit(cookie, "GET /reload")).text).to.match(either(kind, /failed to load session/, /session/));
  });

  both("reload: can fail any number of times", async (kind) => {
    const at = await doing(kind, async (req, { sessions }) => {
      await sessions.clear();
      let failed = 0;
      while (failed < 20 && (await called((done) => req.session.reload(done)))) failed++;
      req.session = null as never;
      return failed;
    });
    const { cookie } = await at.visit();
    expect((await at.visit(cookie, "GET /reload")).text).to.equal("20");
  });

  both("save: writes the session at once", async (kind) => {
    const at = await doing(kind, async (req, { sessions }) => {
      req.session.note = "saved";
      const error = await called((done) => req.session.save(done));
      return [error, JSON.stringify((await sessions.all()).map(({ note }) => note))].join();
    });
    expect((await at.visit(undefined, "GET /save")).text).to.equal(',["saved"]');
  });

  for (const saveUninitialized of [true, false]) {
    const options: Options = { saveUninitialized };
    const saving = (kind: Kind, reloads: boolean) =>
      siteOf(kind, options, async (req, res) => {
        req.session.count = (req.session.count ?? 0) + 1;
        if (reloads) {
          await called((done) => req.session.reload(done));
          req.session.count = (req.session.count ?? 0) + 1;
        }
        await called((done) => req.session.save(done));
        res.end(String(req.session.count));
      });

    describe(`saveUninitialized: ${saveUninitialized}`, () => {
      both("save: prevents a second save at the end of the request", async (kind) => {
        const at = await saving(kind, false);
        const { text, cookie } = await at.visit();
        expect([text, at.sessions.take("write")]).to.eql(["1", 1]);
        expect([(await at.visit(cookie)).text, at.sessions.take("write")]).to.eql(["2", 1]);
      });

      both("save: prevents a second save at the end of the request, after a reload too", async (kind) => {
        const at = await saving(kind, true);
        const { cookie } = await at.visit();
        expect(at.sessions.take("write")).to.equal(1);
        const { text } = await at.visit(cookie);
        expect([text, at.sessions.take("write")]).to.eql(["3", 1]);
      });
    });
  }

  both("save: writes an unchanged session only in express-session", async (kind) => {
    const at = await siteOf(kind, {}, async (req, res) => {
      req.session.note = "the same";
      await called((done) => req.session.save(done));
      res.end();
    });
    const { cookie } = await at.visit();
    expect(at.sessions.take("write")).to.equal(1);
    await at.visit(cookie);
    expect(at.sessions.take("write")).to.equal(either(kind, 1, 0));
  });

  both("touch: updates the store each time only in express-session", async (kind) => {
    sinon.useFakeTimers({ now: Date.UTC(2030, 0), toFake: ["Date"] });
    const at = await siteOf(kind, { cookie: { maxAge: MINUTE } }, ({ session }, res) => {
      session.note = "kept";
      session.touch();
      res.end();
    });
    const { cookie } = await at.visit();
    const moved: number[] = [];
    for (const step of [100, MINUTE / 10]) {
      const before = await at.sessions.endsAt();
      sinon.clock.tick(step);
      await at.visit(cookie);
      moved.push((await at.sessions.endsAt()) - before);
    }
    sinon.restore();
    expect(moved).to.eql(either(kind, [100, 6_000], [0, 6_100]));
  });

  both("touch: moves the expiry time in the store", async (kind) => {
    sinon.useFakeTimers({ now: Date.UTC(2030, 0), toFake: ["Date"] });
    const at = await siteOf(kind, { cookie: { maxAge: MINUTE } }, ({ session }, res) => {
      session.note = "kept";
      session.touch();
      res.end();
    });
    const { cookie } = await at.visit();
    const first = await at.sessions.endsAt();
    sinon.clock.tick(10_000);
    await at.visit(cookie);
    const second = await at.sessions.endsAt();
    sinon.restore();
    expect([first, second]).to.eql([Date.UTC(2030, 0) + MINUTE, Date.UTC(2030, 0) + MINUTE + 10_000]);
  });
});

/** A response with a cookie that latchkey signed, for a session in another store. */
async function signedCookie() {
  return (await siteOf("latchkey")).visit();
}
