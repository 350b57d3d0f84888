import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { isBuiltin } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import Database from "better-sqlite3";
import { expect } from "chai";
import type { SessionStore } from "latchkey";
import { openStore } from "latchkey/stores";
import { betterSqlite3, nodeSqlite, SqlStore, sqlite3 } from "latchkey/stores/sql";
import sqlite from "sqlite3";
import { apiClient, type Browser } from "../support/browser.js";
import { serve } from "../support/server.js";
import { site } from "../support/site.js";
import { WatchedStore } from "../support/watched-store.js";

const TIMEOUT = 700;
/** The longest that the event loop may be blocked, in milliseconds. */
const LONGEST_TURN = 100;
/** A busy machine can stop the process for longer, but hardly this many times in a row. */
const ATTEMPTS = 8;

interface Open {
  store: SessionStore;
  close(): unknown;
}

/** The ways to open a file. Each driver has its own default for how long SQLite itself waits for a lock. */
const ways: Record<string, (file: string) => Promise<Open>> = {
  async openStore(file) {
    const store = await openStore(`sqlite:${file}?timeout=${TIMEOUT}`);
    return { store, close: () => store.close() };
  },
  async "betterSqlite3(db)"(file) {
    const db = new Database(file);
    return { store: new SqlStore(betterSqlite3(db), { timeout: TIMEOUT }), close: () => db.close() };
  },
  async "sqlite3(db)"(file) {
    const db = new sqlite.Database(file);
    const close = () => new Promise((closed) => db.close(closed));
    return { store: new SqlStore(sqlite3(db), { timeout: TIMEOUT }), close };
  },
  ...(isBuiltin("node:sqlite") && {
    async "nodeSqlite(db)"(file: string) {
      const { DatabaseSync } = await import("node:sqlite" as string);
      const db = new DatabaseSync(file);
      db.exec("PRAGMA busy_timeout = 5000");
      return { store: new SqlStore(nodeSqlite(db), { timeout: TIMEOUT }), close: () => db.close() };
    },
  }),
};

for (const [name, openFile] of Object.entries(ways)) {
  describe(`a SQLite file that another process has locked (${name})`, () => {
    let dir: string;
    let opened: Open;
    let other: ChildProcess;
    let client: Browser;

    before(async () => {
      dir = await mkdtemp(join(tmpdir(), "latchkey-locks-"));
      const file = join(dir, "sessions.db");
      await (await openStore(`sqlite:${file}`)).close(); // creates the table, in WAL mode
      opened = await openFile(file);
      other = fork(fileURLToPath(new URL("../support/lock-holder.js", import.meta.url)), [file]);
      await once(other, "message");
    });
    beforeEach(async () => {
      const { app } = site({ store: new WatchedStore(opened.store), storeTimeout: TIMEOUT });
      client = apiClient(await serve(app));
      expect((await client.post("/login/1")).status).to.equal(200);
    });
    after(async () => {
      other?.kill();
      await opened?.close();
      await rm(dir, { recursive: true });
    });

    const tell = async (message: "lock" | "unlock") => {
      other.send(message);
      await once(other, "message");
    };

    it("is read as usual, while each write ends in 503 after storeTimeout, and writes work again afterwards", async () => {
      await tell("lock");
      const begun = performance.now();
      const writing = client.post("/note/locked").then(({ status }) => {
        return { status, after: performance.now() - begun };
      });
      const statuses = new Set<number>();
      let reads = 0;
      let isWriting = true;
      void writing.finally(() => {
        isWriting = false;
      });
      while (isWriting) {
        statuses.add((await client.get("/me")).status);
        reads++;
      }
      const { status, after } = await writing;
      expect([status, [...statuses]]).to.eql([503, [200]]);
      expect(reads, "reads during the write").to.be.above(3);
      expect(after).to.be.at.least(TIMEOUT - 5);

      await tell("unlock");
      expect((await client.post("/note/unlocked")).status).to.equal(200);
      expect((await client.get("/note")).json()).to.equal("unlocked");
    });

    it("does not block the event loop while a write waits", async () => {
      const longest: number[] = [];
      while (longest.length < ATTEMPTS && longest.every((turn) => turn >= LONGEST_TURN)) {
        await tell("lock");
        const writing = client.post("/note/locked");
        longest.push(await longestTurnDuring(writing));
        await tell("unlock");
        expect((await writing).status).to.equal(503);
      }
      expect(Math.min(...longest)).to.be.below(LONGEST_TURN);
    });

    it("lets a write succeed that waited for less than the timeout", async () => {
      let status = 503;
      for (let attempt = 0; status !== 200 && attempt < ATTEMPTS; attempt++) {
        await tell("lock");
        const writing = client.post("/note/waited");
        await pause(100); // the write is waiting by now, unless the machine is very busy
        await tell("unlock");
        ({ status } = await writing);
      }
      expect(status).to.equal(200);
      expect((await client.get("/note")).json()).to.equal("waited");
    });
  });
}

/** The longest time between two turns of the event loop, in milliseconds, until the work settles. */
async function longestTurnDuring(work: Promise<unknown>): Promise<number> {
  let isOver = false;
  void work.finally(() => {
    isOver = true;
  });
  let longest = 0;
  for (let last = performance.now(); !isOver; ) {
    await pause(2);
    const now = performance.now();
    longest = Math.max(longest, now - last);
    last = now;
  }
  return longest;
}
