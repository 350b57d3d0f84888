import { expect } from "chai";
import sinon from "sinon";
import { both, either, type Kind, MINUTE, middleware, type Options, setCookie, siteOf, turns } from "./middlewares.js";

/** A site that writes the same note to each session. */
function noting(kind: Kind, options: Options = {}) {
  return siteOf(kind, options, ({ session }, res) => {
    session.note = "bob";
    res.end();
  });
}

/** Sends a request. Returns whether the response sets the cookie, and how often the session was written. */
async function outcome(at: Awaited<ReturnType<typeof siteOf>>, cookie?: string) {
  at.sessions.calls = [];
  const answer = await at.visit(cookie);
  return { sets: setCookie(answer) !== undefined, writes: at.sessions.take("write"), cookie: answer.cookie };
}

describe("express-session's contract: saving", () => {
  both("rolling: is off by default", async (kind) => {
    const at = await noting(kind);
    const first = await outcome(at);
    expect([first.sets, (await outcome(at, first.cookie)).sets]).to.eql([true, false]);
  });

  both("rolling: sets the cookie even if nothing changed", async (kind) => {
    const at = await noting(kind, { rolling: true });
    const first = await outcome(at);
    expect([first.sets, (await outcome(at, first.cookie)).sets]).to.eql([true, true]);
  });

  both("rolling: neither saves an empty session nor sets its cookie", async (kind) => {
    const at = await siteOf(kind, { rolling: true, saveUninitialized: false });
    expect(await outcome(at)).to.include({ sets: false, writes: 0 });
  });

  both("rolling: sets the cookie of an empty session if saveUninitialized is true", async (kind) => {
    const at = await siteOf(kind, { rolling: true, saveUninitialized: true });
    expect(await outcome(at)).to.include({ sets: true, writes: 1 });
  });

  both("rolling: saves a changed session and sets its cookie", async (kind) => {
    const at = await noting(kind, { rolling: true, saveUninitialized: false });
    expect(await outcome(at)).to.include({ sets: true, writes: 1 });
  });

  both("rolling: restarts the lifetime of the cookie on each request", async (kind) => {
    sinon.useFakeTimers({ now: Date.UTC(2030, 0), toFake: ["Date"] });
    const at = await siteOf(kind, { rolling: true }, ({ session }, res) => {
      session.note = "bob";
      res.write("hello, ");
      sinon.clock.tick(200);
      res.end("world!");
    });
    const first = await at.visit();
    sinon.clock.tick(2_000);
    const second = await at.visit(first.cookie);
    const times = [first, second].map((answer) => Date.parse(setCookie(answer)!.attributes.expires as string));
    sinon.restore();
    expect(times[1]! - times[0]!).to.equal(2_000);
  });

  both("resave: is on by default in express-session, and rejected by latchkey", async (kind) => {
    const options = { resave: true } as Options;
    if (kind === "latchkey") {
      expect(() => middleware(kind, options)).to.throw(/session\.resave/);
      return;
    }
    for (const resave of [undefined, true]) {
      const at = await noting(kind, { resave } as Options);
      const first = await outcome(at);
      expect([first.writes, (await outcome(at, first.cookie)).writes]).to.eql([1, 1]);
    }
  });

  both("without resave, does not write an unchanged session", async (kind) => {
    const at = await noting(kind);
    const first = await outcome(at);
    expect([first.writes, (await outcome(at, first.cookie)).writes]).to.eql([1, 0]);
  });

  both("without resave, writes a changed session", async (kind) => {
    const at = await siteOf(kind, {}, ({ method, url, session }, res) => {
      if (method === "PUT") session.note = url.slice(1);
      res.end(String(session.note));
    });
    const { cookie, text } = await at.visit(undefined, "PUT /one");
    expect([text, at.sessions.take("write")]).to.eql(["one", 1]);
    expect([(await at.visit(cookie)).text, at.sessions.take("write")]).to.eql(["one", 0]);
    expect([(await at.visit(cookie, "PUT /two")).text, at.sessions.take("write")]).to.eql(["two", 1]);
    expect((await at.visit(cookie)).text).to.equal("two");
  });

  both("without resave, detects a change inside a value, even under the name cookie", async (kind) => {
    const at = await siteOf(kind, {}, ({ session }, res) => {
      const own = session as { user?: { name: string; cookie: number } };
      own.user ??= { name: "bob", cookie: 0 };
      own.user.cookie++;
      res.end();
    });
    const first = await outcome(at);
    expect([first.writes, (await outcome(at, first.cookie)).writes]).to.eql([1, 1]);
  });

  both("reports a failed touch to the error handler only in express-session", async (kind) => {
    sinon.useFakeTimers({ now: Date.UTC(2030, 0), toFake: ["Date"] });
    const at = await noting(kind);
    const { cookie } = await at.visit();
    at.sessions.failures.touch = new Error("boom!");
    sinon.clock.tick(MINUTE / 2); // latchkey does not touch a session on each request
    at.sessions.calls = [];
    expect((await at.visit(cookie)).status).to.equal(200);
    sinon.restore();
    expect(at.sessions.take("touch")).to.equal(1);
    await turns();
    expect(at.errors.map(({ message }) => message)).to.eql(either(kind, ["boom!"], []));
  });

  both("saveUninitialized: is on by default only in express-session", async (kind) => {
    const at = await siteOf(kind, { saveUninitialized: undefined } as Options);
    expect(await outcome(at)).to.include(either(kind, { sets: true, writes: 1 }, { sets: false, writes: 0 }));
  });

  both("saveUninitialized: saves an empty session", async (kind) => {
    const at = await siteOf(kind, { saveUninitialized: true });
    expect(await outcome(at)).to.include({ sets: true, writes: 1 });
  });

  both("saveUninitialized: false does not save an empty session", async (kind) => {
    const at = await siteOf(kind, { saveUninitialized: false });
    expect(await outcome(at)).to.include({ sets: false, writes: 0 });
  });

  both("saveUninitialized: false saves a changed session", async (kind) => {
    const at = await noting(kind, { saveUninitialized: false });
    expect(await outcome(at)).to.include({ sets: true, writes: 1 });
  });

  both("saveUninitialized: false does not touch an empty session", async (kind) => {
    const at = await siteOf(kind, { saveUninitialized: false, cookie: { maxAge: MINUTE } });
    await at.visit();
    expect(at.sessions.calls).to.eql([]);
  });

  both("reports a failed save; in latchkey the error replaces the response", async (kind) => {
    const at = await siteOf(kind, {}, (_req, res) => res.end("session saved"));
    at.sessions.failures.write = new Error("boom!");
    const answer = await at.visit();
    expect([answer.status, answer.text === "session saved"]).to.eql(either(kind, [200, true], [503, false]));
    expect(setCookie(answer) !== undefined).to.equal(either(kind, true, false));
    await turns();
    expect(at.errors).to.have.length(1);
    expect(either(kind, at.errors[0]!, at.errors[0]!.cause)).to.have.property("message", "boom!");
  });
});
