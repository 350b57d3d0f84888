import { expect } from "chai";
import type { Express } from "express";
import { MemoryStore } from "latchkey";
import sinon from "sinon";
import { hear, NOBODY, site } from "./support.js";

const OTHER = { "user-agent": "another browser" };

describe("parity: session protection", () => {
  const modes = ["basic", "strong"] as const;

  it("does not affect the client that logged in", async () => {
    for (const sessionProtection of modes) {
      const { visitor } = await site({ sessionProtection });
      await visitor.login("ann", { remember: true });
      expect(await visitor.who()).to.include({ name: "Ann", fresh: true });
      expect(await visitor.who()).to.include({ name: "Ann", fresh: true });
    }
  });

  it("does not affect a login that the remember cookie restores on another client", async () => {
    for (const sessionProtection of modes) {
      const { login, visitor } = await site({ sessionProtection });
      const told = hear(login, "sessionProtected");
      await visitor.login("ann", { remember: true });
      await visitor.restart();
      expect(await visitor.who(OTHER)).to.include({ name: "Ann", remembered: true });
      expect(await visitor.who(OTHER)).to.include({ name: "Ann" });
      expect(told).to.deep.equal([]);
    }
  });

  it("reports another client when the user is loaded", async () => {
    for (const sessionProtection of modes) {
      const { login, visitor } = await site({ sessionProtection });
      const told = hear(login, "sessionProtected");
      await visitor.login("ann", { remember: true });
      await visitor.get("/", { headers: OTHER });
      expect(told).to.deep.equal([]);
      await visitor.who(OTHER);
      expect(told.map(({ userId, mode }) => [userId, mode])).to.deep.equal([["1", sessionProtection]]);
    }
  });

  it("creates no session for an anonymous visitor", async () => {
    for (const sessionProtection of [false, ...modes] as const) {
      const store = sinon.spy(new MemoryStore());
      const { login, visitor } = await site({ sessionProtection, store });
      const accessed = hear(login, "userAccessed");
      const told = hear(login, "sessionProtected");
      await visitor.get("/");
      expect(accessed).to.deep.equal([]);
      const answer = await visitor.get("/who");
      expect(answer.json()).to.deep.equal(NOBODY);
      expect(answer.cookies).to.deep.equal([]);
      expect(told).to.deep.equal([]);
      expect(store.create.callCount).to.equal(0);
    }
  });

  it("basic: makes a login no longer fresh after another client uses it", async () => {
    const { visitor } = await site({ sessionProtection: "basic" });
    await visitor.login("ann", { remember: true });
    expect(await visitor.who(OTHER)).to.include({ name: "Ann", fresh: false });
    expect(await visitor.who()).to.include({ name: "Ann", fresh: false });
  });

  it("strong: ends a session with all its data when another client uses it", async () => {
    for (const headers of [{}, OTHER]) {
      const { visitor } = await site({ sessionProtection: "strong", nextIn: "cookie", loginView: "/login" });
      await visitor.get("/unauthorized");
      await visitor.login("ann", { remember: true });
      await visitor.get("/who", { headers });

      const ended = headers === OTHER;
      expect(await visitor.who()).to.include({ name: ended ? "nobody" : "Ann" });
      expect((await visitor.get("/next")).text).to.equal(ended ? "/fallback" : "/unauthorized");
      expect((await visitor.cookie("remember")) === undefined).to.equal(ended);
    }
  });

  it("strong: also ends a session whose cookie outlives the browser", async () => {
    const { login, visitor } = await site({ sessionProtection: "strong" }, lastingSessions);
    const told = hear(login, "sessionProtected");
    const answer = await visitor.login("ann");
    expect(answer.cookies.join()).to.match(/^sid=[^;]+;.* Expires=/);
    await visitor.restart();
    expect(await visitor.who()).to.include({ name: "Ann", fresh: true, remembered: false });

    expect(await visitor.who(OTHER)).to.deep.equal(NOBODY);
    expect(told).to.have.length(1);
    expect(await visitor.who()).to.deep.equal(NOBODY);
  });

  it("recognizes a client behind trusted proxies", async () => {
    const { login, visitor } = await site({ sessionProtection: "strong" }, (app) => app.set("trust proxy", true));
    const told = hear(login, "sessionProtected");
    await visitor.post("/login/ann", { json: {}, headers: { "x-forwarded-for": "10.1.1.1" } });
    expect(await visitor.who({ "x-forwarded-for": "10.1.1.1" })).to.include({ name: "Ann" });
    expect(await visitor.who({ "x-forwarded-for": "10.1.1.1, 10.1.1.2" })).to.include({ name: "Ann" });
    expect(told).to.deep.equal([]);

    expect(await visitor.who({ "x-forwarded-for": "10.1.1.2" })).to.deep.equal(NOBODY);
    expect(told).to.have.length(1);
  });

  it("ignores the headers of an untrusted proxy", async () => {
    const { visitor } = await site({ sessionProtection: "strong" });
    await visitor.post("/login/ann", { json: {}, headers: { "x-forwarded-for": "10.1.1.1" } });
    expect(await visitor.who({ "x-forwarded-for": "10.1.1.2" })).to.include({ name: "Ann" });
  });
});

/** Makes every session cookie last a day, like Flask's session.permanent. */
function lastingSessions(app: Express): void {
  app.use((req, _res, next) => {
    req.session.cookie.maxAge = 24 * 60 * 60 * 1000;
    next();
  });
}
