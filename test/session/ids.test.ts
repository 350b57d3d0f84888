import crypto from "node:crypto";
import { syncBuiltinESMExports } from "node:module";
import { expect } from "chai";
import sinon from "sinon";
import { countTrials, only, send } from "../support/raw-client.js";
import { serve } from "../support/server.js";
import { site } from "../support/site.js";
import { trials } from "../support/trials.js";
import { WatchedStore } from "../support/watched-store.js";

const IDS = trials(1_000_000, 50_000);
/** The limit for chi-square with 255 degrees of freedom. True randomness exceeds it once in a billion cases. */
const LIMIT = 415;

describe("session ids", () => {
  afterEach(() => {
    sinon.restore();
    syncBuiltinESMExports();
  });

  it(`ASVS 7.2.3: have 192 random bits: ${IDS} new ids are different and evenly distributed`, async () => {
    const { app } = site();
    const ids = new Set<string>();
    const counts = Array.from({ length: 24 }, () => new Uint32Array(256));
    app.get("/ids", async (req, res) => {
      while (ids.size < IDS) {
        await new Promise<void>((resolve, reject) =>
          req.session.regenerate((error?: unknown) => (error ? reject(error) : resolve())),
        );
        const bytes = Buffer.from(req.sessionID, "base64url");
        if (bytes.length !== 24 || ids.has(req.sessionID)) break;
        ids.add(req.sessionID);
        for (const [place, byte] of bytes.entries()) counts[place]![byte]!++;
      }
      res.send(String(ids.size));
    });
    expect((await send(await serve(app), "GET /ids")).text).to.equal(String(IDS));
    const expected = IDS / 256;
    for (const [place, seen] of counts.entries()) {
      const chiSquare = seen.reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0);
      expect(chiSquare, `byte ${place}`).to.be.below(LIMIT);
    }
  });

  it("ASVS 7.2.3: without random bytes, new logins fail and set no cookie; existing logins stay valid", async () => {
    const { app, store } = site({ store: new WatchedStore() });
    const origin = await serve(app);
    const { cookie } = await send(origin, "POST /login/2");
    const before = await send(origin, "POST /note/a");
    store.calls = [];
    sinon.stub(crypto, "randomBytes").throws(new Error("no entropy"));
    syncBuiltinESMExports();
    for (const given of [{}, { cookie: before.cookie }, { cookie }]) {
      for (const json of [{}, { remember: true }]) {
        const answer = await send(origin, "POST /login/1", { ...given, json });
        expect([answer.status, answer.cookie]).to.eql([500, ""]);
      }
    }
    expect(store.calls).not.to.include("create").and.not.to.include("browser.create");
    expect(await store.countOf("1")).to.equal(0);
    expect((await send(origin, "GET /me", { cookie })).status).to.equal(200);
  });

  it("ASVS 7.2.2: 1,000 logins of one user get 1,000 different session cookies and remember cookies", async () => {
    const origin = await serve(site().app);
    const seen = { sid: new Set<string>(), remember: new Set<string>() };
    await countTrials(1000, async () => {
      const { cookie } = await send(origin, "POST /login/1", { json: { remember: true } });
      for (const name of ["sid", "remember"] as const) seen[name].add(only(name, cookie));
      return true;
    });
    expect([seen.sid.size, seen.remember.size]).to.eql([1000, 1000]);
  });
});
