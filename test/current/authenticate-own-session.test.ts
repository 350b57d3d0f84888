import { expect } from "chai";
import type { Response } from "express";
import expressSession, { MemoryStore } from "express-session";
import sinon from "sinon";
import { expressVersions } from "../support/express.js";
import { SECRET } from "../support/people.js";
import { only, send } from "../support/raw-client.js";
import type { site } from "../support/site.js";
import { socketSite } from "../support/sockets.js";

/** A store that reports a missing session with an ENOENT error, like a file store. */
class FileLikeStore extends MemoryStore {
  override get(sid: string, callback: Parameters<MemoryStore["get"]>[1]): void {
    super.get(sid, (error, session) => {
      if (error || session) callback(error, session);
      else callback(Object.assign(new Error("no such file"), { code: "ENOENT" }));
    });
  }
}

for (const { name, express } of expressVersions) {
  describe(`authenticate() with the application's own express-session, ${name}`, () => {
    afterEach(() => sinon.restore());

    /** Runs the session middleware once for each upgrade, as in the documentation of ws. */
    async function visit(options: Parameters<typeof site>[0] = {}, store = new MemoryStore()) {
      const session = expressSession({ secret: SECRET, resave: false, saveUninitialized: false, store });
      const asked = new WeakSet<object>();
      const at = await socketSite(options, {
        make: express,
        mount: (login, app) => void app.use(session, login.middleware()),
        ask: async ({ login, app }, req) => {
          if (!asked.has(req)) await new Promise((done) => session(req as never, {} as Response, done));
          asked.add(req);
          return login.authenticate(req, app);
        },
      });
      const { cookie } = await send(at.origin, "POST /login/1");
      const count = () => new Promise((done) => store.length((_error, length) => done(length)));
      return { ...at, store, cookie, count };
    }

    it("returns the user of a valid login, or null without a login, and creates no session", async () => {
      const { open, cookie, count } = await visit();
      const opened = await open({ cookie });
      expect([opened.who, await opened.again(), opened.cookies]).to.deep.equal(["Ann", "Ann", []]);
      expect([(await open()).who, (await open({ cookie: "connect.sid=s%3Ax.y" })).who]).to.deep.equal([null, null]);
      expect(await count()).to.equal(1);
    });

    it("returns null on an open socket after a logout or a stamp change", async () => {
      const { open, origin, cookie, ann, count } = await visit();
      const other = await send(origin, "POST /login/1");
      const [one, two] = [await open({ cookie }), await open({ cookie: other.cookie })];
      await send(origin, "POST /logout", { cookie });
      expect([await one.again(), await two.again()]).to.deep.equal([null, "Ann"]);
      ann.stamp = "2";
      expect([await two.again(), await two.again(), await one.again()]).to.deep.equal([null, null, null]);
      expect(await count(), "the session was deleted from the store").to.equal(0);
    });

    it("ends the login if strong protection finds another client", async () => {
      const { open, cookie, count } = await visit({ sessionProtection: "strong" });
      expect((await open({ cookie })).who).to.equal("Ann");
      expect((await open({ cookie, "user-agent": "Browser/2" })).who).to.equal(null);
      expect(await count()).to.equal(0);
    });

    it("accepts the remember cookie", async () => {
      const { origin, whoIs } = await visit();
      const { cookie } = await send(origin, "POST /login/1", { json: { remember: true } });
      expect(await whoIs(only("remember", cookie))).to.equal("Ann");
    });

    it("rejects while the store fails, and finds the login afterwards", async () => {
      const { open, store, cookie } = await visit();
      const { again } = await open({ cookie });
      sinon.replace(store, "get", (_sid, callback) => callback(new Error("connection refused")));
      expect(await again()).to.equal("store_unavailable");
      sinon.restore();
      expect(await again()).to.equal("Ann");
    });

    it("rejects if the session middleware did not run for the request", async () => {
      const { login, app, cookie } = await visit();
      const bare = await socketSite({}, { ask: (_at, req) => login.authenticate(req, app) });
      expect((await bare.open({ cookie })).who).to.equal("middleware_missing");
    });

    it("returns null if a file store reports a missing session with an error", async () => {
      const { open, origin, cookie } = await visit({}, new FileLikeStore());
      const { who, again } = await open({ cookie });
      await send(origin, "POST /logout", { cookie });
      expect([who, await again(), (await open()).who]).to.deep.equal(["Ann", null, null]);
    });
  });
}
