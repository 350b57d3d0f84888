import { expect } from "chai";
import { both, either, type Kind, type Options, setCookie, siteOf, turns } from "./middlewares.js";

/** A site that removes each session from its second request. */
function twice(kind: Kind, options: Options = {}) {
  return siteOf(kind, options, (req, res) => {
    req.session.count = (req.session.count ?? 0) + 1;
    if (req.session.count === 2) req.session = null as never;
    res.end();
  });
}

describe("express-session's contract: removing the session from a request", () => {
  both("keeps the stored session by default", async (kind) => {
    const at = await twice(kind);
    const { cookie } = await at.visit();
    expect(await at.sessions.all()).to.have.length(1);
    const answer = await at.visit(cookie);
    expect([setCookie(answer), (await at.sessions.all()).length]).to.eql([undefined, 1]);
  });

  both("ends the session with unset: destroy", async (kind) => {
    const at = await twice(kind, { unset: "destroy" });
    const { cookie } = await at.visit();
    expect(await at.sessions.all()).to.have.length(1);
    await at.visit(cookie);
    expect(await at.sessions.all()).to.eql([]);
  });

  both("sets no cookie for a session that was never saved", async (kind) => {
    const at = await siteOf(kind, { unset: "destroy" }, (req, res) => {
      req.session = null as never;
      res.end();
    });
    expect(setCookie(await at.visit())).to.equal(undefined);
    expect(await at.sessions.all()).to.eql([]);
  });

  both("ends a session that the handler deletes, whether it was used before or not", async (kind) => {
    const seen: unknown[] = [];
    const at = await siteOf(kind, { unset: "destroy" }, (req, res) => {
      if (req.url !== "/delete") req.session.note = req.url;
      if (req.url !== "/") {
        delete (req as { session?: unknown }).session;
        seen.push(req.session);
      }
      res.end();
    });
    for (const line of ["GET /delete", "GET /change-and-delete"]) {
      const { cookie } = await at.visit();
      await at.visit(cookie, line);
    }
    expect([seen, await at.sessions.all()]).to.eql([[undefined, undefined], []]);
  });

  both("keeps a deleted session in the store by default; only latchkey saves its latest changes", async (kind) => {
    const at = await siteOf(kind, {}, (req, res) => {
      req.session.note = req.url;
      if (req.url === "/delete") delete (req as { session?: unknown }).session;
      res.end();
    });
    const { cookie } = await at.visit();
    await at.visit(cookie, "GET /delete");
    const [kept] = await at.sessions.all();
    expect(kept).to.include({ note: either(kind, "/", "/delete") });
  });

  both("reports a failed destroy; in latchkey the error replaces the response", async (kind) => {
    const at = await siteOf(kind, { unset: "destroy" }, (req, res) => {
      if (req.url === "/") req.session.note = "kept";
      else req.session = null as never;
      res.end("session destroyed");
    });
    const { cookie } = await at.visit();
    at.sessions.failures.destroy = new Error("boom!");
    const { status, text } = await at.visit(cookie, "GET /unset");
    expect([status, text === "session destroyed"]).to.eql(either(kind, [200, true], [503, false]));
    await turns();
    expect(at.errors).to.have.length(1);
    expect(either(kind, at.errors[0]!, at.errors[0]!.cause)).to.have.property("message", "boom!");
  });

  both("calls destroy for an unsaved session only in express-session", async (kind) => {
    const at = await siteOf(kind, { unset: "destroy" }, (req, res) => {
      req.session = null as never;
      res.end("session destroyed");
    });
    at.sessions.failures.destroy = new Error("boom!");
    expect((await at.visit()).status).to.equal(200);
    await turns();
    expect(at.errors).to.have.length(either(kind, 1, 0));
  });
});
