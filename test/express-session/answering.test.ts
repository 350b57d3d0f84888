import { expect } from "chai";
import type { RequestHandler, Response } from "express";
import { Gate } from "../support/barrier.js";
import { both, either, type Kind, siteOf, turns } from "./middlewares.js";

/** Ways to send "hello, world". */
const ways: Record<string, (res: Response) => void> = {
  end: (res) => void res.end("hello, world"),
  "write, end": (res) => {
    res.write("hello, ");
    res.end("world");
  },
  "write, end, with Content-Length": (res) => {
    res.setHeader("Content-Length", "12");
    res.write("hello, ");
    res.end("world");
  },
  "end, with Content-Length": (res) => {
    res.setHeader("Content-Length", "12");
    res.end("hello, world");
  },
};

/** A site that writes to the session and then calls `answer`. Its store writes slowly. */
async function slowly(kind: Kind, answer: (res: Response) => unknown) {
  const at = await siteOf(kind, {}, ({ session }, res) => {
    session.note = "kept";
    answer(res);
  });
  at.sessions.before = (call) => (call === "write" ? turns() : undefined);
  return at;
}

/** Replaces `write` and `end` with functions that pass on their arguments. */
const patch: RequestHandler = (_req, res, next) => {
  const { write, end } = res;
  res.write = ((...args: never[]) => Reflect.apply(write, res, args)) as never;
  res.end = ((...args: never[]) => Reflect.apply(end, res, args)) as never;
  next();
};

describe("express-session's contract: the response", () => {
  both("ends after the session is saved, for each way to send it", async (kind) => {
    for (const [way, answer] of Object.entries(ways)) {
      const at = await slowly(kind, answer);
      expect((await at.visit()).text, way).to.equal("hello, world");
      expect(await at.sessions.all(), way).to.have.length(1);
    }
  });

  both("ends after the session is saved, even if it is empty", async (kind) => {
    const at = await slowly(kind, (res) => res.setHeader("Content-Length", "0").end());
    expect((await at.visit()).text).to.equal("");
    expect(await at.sessions.all()).to.have.length(1);
  });

  both("starts before the session is saved only in express-session", async (kind) => {
    const gate = new Gate();
    const at = await slowly(kind, ways["write, end"]!);
    at.sessions.before = (call) => (call === "write" ? gate.pass() : undefined);
    let begun = false;
    const answering = fetch(at.origin).then((answer) => {
      begun = true;
      return answer;
    });
    await gate.arrived();
    if (kind === "express-session") await answering;
    else await turns();
    expect(begun).to.equal(either(kind, true, false));
    gate.open();
    expect(await (await answering).text()).to.equal("hello, world");
  });

  both("saves session changes that are made after it starts only in express-session", async (kind) => {
    const at = await slowly(kind, (res) => {
      res.write("hello, ");
      res.req.session.note = "late";
      res.end("world");
    });
    await at.visit();
    const [session] = await at.sessions.all();
    expect(session).to.have.property("note", either(kind, "late", "kept"));
  });

  both("accepts a second call of res.end", async (kind) => {
    const at = await slowly(kind, (res) => {
      res.setHeader("Content-Type", "text/plain");
      res.end("hello, world");
      res.end();
    });
    const { status, text, headers } = await at.visit();
    expect([status, text, headers["content-type"]]).to.eql([200, "hello, world", "text/plain"]);
  });

  both("accepts res.end(null)", async (kind) => {
    const at = await slowly(kind, (res) => res.end(null));
    const { status, text } = await at.visit();
    expect([status, text]).to.eql([200, ""]);
  });

  both("works if write and end were replaced before", async (kind) => {
    const at = await siteOf(
      kind,
      {},
      ({ session }, res) => {
        session.note = "kept";
        ways["write, end"]!(res);
      },
      (app) => app.use(patch),
    );
    expect((await at.visit()).text).to.equal("hello, world");
  });

  both("works if write and end are replaced after", async (kind) => {
    const at = await siteOf(kind, {}, (req, res) => {
      patch(req, res, () => {});
      req.session.note = "kept";
      ways["write, end"]!(res);
    });
    expect((await at.visit()).text).to.equal("hello, world");
  });

  both("throws if a header is set after res.end", async (kind) => {
    const codes: unknown[] = [];
    const at = await slowly(kind, (res) => {
      res.end("hello, world");
      try {
        res.setHeader("Content-Length", "3");
        res.end("foo");
      } catch (error) {
        codes.push((error as { code: string }).code);
      }
    });
    const { status, text } = await at.visit();
    expect([status, text]).to.eql([200, "hello, world"]);
    expect(codes).to.eql(["ERR_HTTP_HEADERS_SENT"]);
  });

  both("keeps the cookies that the handler sets before or in writeHead", async (kind) => {
    const before = await slowly(kind, (res) => res.setHeader("Set-Cookie", "previous=1").end());
    const head = await slowly(kind, (res) => res.writeHead(200, { "Set-Cookie": "previous=1" }).end());
    for (const at of [before, head]) {
      const lines = (await at.visit()).headers["set-cookie"]!;
      expect(lines.map((line) => line.replace(/=.*/, ""))).to.eql(["previous", "sid"]);
    }
  });

  both("is correct if the store calls back synchronously", async (kind) => {
    const at = await siteOf(kind, { unset: "destroy" }, (req, res) => {
      const count = (req.session.count ?? 0) + 1;
      req.session.count = count;
      if (count > 1) {
        req.session = null as never;
        res.write("destroyed, ");
      }
      res.end(`hits: ${count}`);
    });
    const store = (at.sessions as { store?: object }).store as Record<string, unknown>;
    if (kind === "express-session") makeSynchronous(store);
    const { text, cookie } = await at.visit();
    expect([text, (await at.visit(cookie)).text]).to.eql(["hits: 1", "destroyed, hits: 2"]);
  });
});

/** Makes a store of express-session call back before its methods return. */
function makeSynchronous(store: Record<string, unknown>): void {
  const sessions = new Map<string, string>();
  Object.assign(store, {
    get: (sid: string, done: (error: null, found?: unknown) => void) =>
      done(null, sessions.has(sid) ? JSON.parse(sessions.get(sid)!) : undefined),
    set: (sid: string, session: unknown, done: () => void) => {
      sessions.set(sid, JSON.stringify(session));
      done();
    },
    destroy: (sid: string, done: () => void) => {
      sessions.delete(sid);
      done();
    },
  });
}
