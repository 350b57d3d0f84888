import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import Database from "better-sqlite3";
import { expect } from "chai";
import { openSite } from "./site.js";
import { ORMS } from "./sqlite.js";

for (const { name, open, lazy } of ORMS) {
  describe(`users of ${name}`, () => {
    let dir, rows, users, site;
    beforeEach(async () => {
      dir = mkdtempSync(join(tmpdir(), "latchkey-orms-"));
      const file = join(dir, "users.db");
      rows = new Database(file);
      rows.exec(`CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT, isActive INTEGER, deletedAt TEXT);
        CREATE TABLE posts (id INTEGER PRIMARY KEY, title TEXT, userId INTEGER REFERENCES users);
        INSERT INTO users VALUES (1, 'Ann', 1, NULL), (2, 'Bob', 0, NULL);
        INSERT INTO posts VALUES (1, 'Keys', 1), (2, 'Latches', 1), (3, 'Locks', 2)`);
      users = await open(file);
      site = await openSite(users);
    });
    afterEach(async () => {
      await site.close();
      await users.close();
      rows.close();
      rmSync(dir, { recursive: true });
    });

    it("log in, are loaded on each request, and log out", async () => {
      const ann = site.browser();
      expect(await ann("GET", "/me")).to.eql([401, undefined]);
      expect(await ann("POST", "/login/1")).to.eql([200, true]);
      expect(await ann("GET", "/me")).to.eql([200, "Ann"]);
      rows.exec("UPDATE users SET name = 'Anna' WHERE id = 1");
      expect(await ann("GET", "/me")).to.eql([200, "Anna"]);
      expect(await ann("POST", "/logout")).to.have.nested.property("[1].isAnonymous", true);
      expect(await ann("GET", "/me")).to.eql([401, undefined]);
    });

    it("cannot log in while their isActive column is false", async () => {
      const bob = site.browser();
      expect(await bob("POST", "/login/2")).to.eql([200, false]);
      expect(await bob("GET", "/me")).to.eql([401, undefined]);
    });

    it("are rejected once their isActive column is false", async () => {
      const ann = site.browser();
      await ann("POST", "/login/1");
      rows.exec("UPDATE users SET isActive = 0 WHERE id = 1");
      expect(await ann("GET", "/me")).to.eql([401, undefined]);
    });

    it("are rejected once they are soft-deleted", async () => {
      const ann = site.browser();
      await ann("POST", "/login/1");
      rows.exec("UPDATE users SET deletedAt = '2026-01-01 00:00:00.000 +00:00' WHERE id = 1");
      expect(await ann("GET", "/me")).to.eql([401, undefined]);
    });

    if (lazy)
      it("can still load a relation after the logout", async () => {
        const ann = site.browser();
        await ann("POST", "/login/1");
        expect(await ann("POST", "/logout")).to.eql([200, { isAnonymous: true, titles: ["Keys", "Latches"] }]);
      });
  });
}
