import { ServerResponse } from "node:http";
import { expect } from "chai";
import type { Request } from "express";
import { currentUser } from "latchkey";
import sinon from "sinon";
import { expressVersions } from "../support/express.js";
import type { Person } from "../support/people.js";
import { only, send } from "../support/raw-client.js";
import { storedSessions } from "../support/records.js";
import { serve } from "../support/server.js";
import { site } from "../support/site.js";
import { WatchedStore } from "../support/watched-store.js";

const UPGRADE = { connection: "Upgrade", upgrade: "websocket" };

for (const { name, express } of expressVersions) {
  describe(`an upgrade whose response has no connection, as with express-ws, ${name}`, () => {
    afterEach(() => sinon.restore());

    it("can be checked again: authenticate() returns null after the logout", async () => {
      const { app, login } = site({ store: new WatchedStore() }, undefined, express);
      const upgrades: Request[] = [];
      app.get("/socket", async (req) => {
        upgrades.push(req);
        await currentUser(req);
        req.socket.end("HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n");
      });
      const origin = await serve(app, (req) => app(req as Request, new ServerResponse(req) as never));
      const { cookie } = await send(origin, "POST /login/1", { json: { remember: true } });
      for (const given of [cookie, only("remember", cookie)!]) {
        expect((await send(origin, "GET /socket", { cookie: given, headers: UPGRADE })).status).to.equal(204);
      }
      const again = () => Promise.all(upgrades.map(async (req) => (await login.authenticate(req))?.name ?? null));
      expect(await again()).to.eql(["Ann", "Ann"]);
      await send(origin, "POST /logout", { cookie });
      expect(await again()).to.eql([null, null]);
    });

    it("does not use up the remember cookie, because no new cookie can be sent", async () => {
      const clock = sinon.useFakeTimers({ now: 1_800_000_000_000, toFake: ["Date"] });
      const store = new WatchedStore();
      const { app, login } = site({ store }, undefined, express);
      const stale = sinon.fake();
      login.on("rememberTokenStale", stale);
      app.get("/socket", async (req) => {
        const { name = "nobody" } = (await currentUser(req)) as Partial<Person>;
        req.socket.end(`HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: ${name.length}\r\n\r\n${name}`);
      });
      const origin = await serve(app, (req) => app(req as Request, new ServerResponse(req) as never));
      const login1 = await send(origin, "POST /login/1", { json: { remember: true } });
      const cookie = only("remember", login1.cookie)!;
      const sessions = await storedSessions(store.inner, "1");

      for (let opened = 0; opened < 3; opened++) {
        expect((await send(origin, "GET /socket", { cookie, headers: UPGRADE })).text).to.equal("Ann");
        clock.tick(120_000);
      }
      expect(await storedSessions(store.inner, "1")).to.eql(sessions);
      expect((await send(origin, "GET /me", { cookie })).status).to.equal(200);
      expect(stale.callCount).to.equal(0);
    });
  });
}
