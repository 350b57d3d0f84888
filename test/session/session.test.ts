import { expect } from "chai";
import type { Request } from "express";
import { send } from "../support/raw-client.js";
import { serve } from "../support/server.js";
import { site } from "../support/site.js";

async function visit(use: (req: Request) => unknown) {
  const at = site();
  at.app.post("/use", async (req, res) => {
    res.json((await use(req)) ?? null);
  });
  const origin = await serve(at.app);
  const { cookie } = await send(origin, "POST /login/1");
  const used = async () => JSON.parse((await send(origin, "POST /use", { cookie })).text);
  return { ...at, origin, cookie, used };
}

describe("req.session", () => {
  it("lists only the application's values, the login and the cookie", async () => {
    const { used } = await visit((req) => {
      req.session.note = "x";
      return [Object.keys(req.session).sort(), Object.keys(JSON.parse(JSON.stringify(req.session))).sort()];
    });
    expect(await used()).to.eql([
      ["auth", "cookie", "note"],
      ["auth", "cookie", "note"],
    ]);
  });

  it("has methods that accept a callback or return a promise", async () => {
    const { used } = await visit(async (req) => {
      req.session.note = "saved";
      await req.session.save();
      req.session.note = "not saved";
      await new Promise<void>((resolve, reject) => {
        req.session.reload((error) => (error ? reject(error) : resolve()));
      });
      return [req.session.note, req.session.save(() => {}) === req.session];
    });
    expect(await used()).to.eql(["saved", true]);
  });

  it("is unchanged in the store if a plain object replaces it in the request", async () => {
    const { used, cookie, origin } = await visit((req) => {
      const { auth } = req.session;
      req.session = { auth, cookie: req.session.cookie } as never;
      return "replaced";
    });
    expect(await used()).to.equal("replaced");
    expect((await send(origin, "GET /me", { cookie })).status, "the stored session is unchanged").to.equal(200);
  });

  it("is a new object in each request and keeps its values", async () => {
    const seen: unknown[] = [];
    const { used } = await visit((req) => {
      seen.push(req.session);
      req.session.count = (req.session.count ?? 0) + 1;
      return req.session.count;
    });
    expect([await used(), await used(), await used()]).to.eql([1, 2, 3]);
    expect(new Set(seen)).to.have.property("size", 3);
  });
});
