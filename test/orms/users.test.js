import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import Database from "better-sqlite3";
import { expect } from "chai";
import express from "express";
import { currentUser, LoginManager, loginRequired, loginUser, logoutUser } from "latchkey";
import { ORMS } from "./orms.js";

for (const { name, open } of ORMS) {
  describe(`users of ${name}`, () => {
    let dir, rows, users, server, origin;
    beforeEach(async () => {
      dir = mkdtempSync(join(tmpdir(), "latchkey-orms-"));
      const file = join(dir, "users.db");
      rows = new Database(file);
      rows.exec(`CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT, isActive INTEGER, deletedAt TEXT);
        INSERT INTO users VALUES (1, 'Ann', 1, NULL), (2, 'Bob', 0, NULL)`);
      users = await open(file);
      const login = new LoginManager({ secret: "only for this test: 32 characters", userLoader: users.find });
      const app = express();
      login.init(app);
      app.post("/login/:id", async (req, res) => res.json(await loginUser(req, await users.find(req.params.id))));
      app.post("/logout", async (req, res) => {
        await logoutUser(req);
        res.json((await currentUser(req)).isAnonymous);
      });
      app.get("/me", loginRequired(), (req, res) => res.json([String(req.user.id), req.user.name]));
      await new Promise((listening) => {
        server = app.listen(0, "127.0.0.1", listening);
      });
      origin = `http://127.0.0.1:${server.address().port}`;
    });
    afterEach(async () => {
      server.closeAllConnections();
      await new Promise((closed) => server.close(closed));
      await users.close();
      rows.close();
      rmSync(dir, { recursive: true });
    });

    const client = () => {
      let cookie = "";
      return async (method, path) => {
        const answer = await fetch(origin + path, { method, headers: { cookie, accept: "application/json" } });
        const [set] = answer.headers.getSetCookie();
        if (set) cookie = set.split(";", 1)[0];
        return [answer.status, answer.status === 200 ? await answer.json() : undefined];
      };
    };

    it("log in, are loaded by each request, and log out", async () => {
      const ann = client();
      expect(await ann("GET", "/me")).to.eql([401, undefined]);
      expect(await ann("POST", "/login/1")).to.eql([200, true]);
      expect(await ann("GET", "/me")).to.eql([200, ["1", "Ann"]]);
      rows.exec("UPDATE users SET name = 'Anna' WHERE id = 1");
      expect(await ann("GET", "/me")).to.eql([200, ["1", "Anna"]]);
      expect(await ann("POST", "/logout")).to.eql([200, true]);
      expect(await ann("GET", "/me")).to.eql([401, undefined]);
    });

    it("do not log in while their column isActive says no", async () => {
      const bob = client();
      expect(await bob("POST", "/login/2")).to.eql([200, false]);
      expect(await bob("GET", "/me")).to.eql([401, undefined]);
    });

    it("are nobody once they are soft-deleted", async () => {
      const ann = client();
      await ann("POST", "/login/1");
      rows.exec("UPDATE users SET deletedAt = '2026-01-01 00:00:00.000 +00:00' WHERE id = 1");
      expect(await ann("GET", "/me")).to.eql([401, undefined]);
    });
  });
}
