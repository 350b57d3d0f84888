import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { inspect } from "node:util";
import Database from "better-sqlite3";
import { expect } from "chai";
import { openStore } from "latchkey/stores";
import { createConnection } from "mysql2/promise";
import pg from "pg";
import { afterTest } from "../support/after-test.js";
import { backendsHere, shared } from "../support/backends.js";
import { makeDatabase } from "../support/databases.js";
import { startLossyProxy } from "../support/lossy-proxy.js";
import { openedStore } from "../support/opened-store.js";
import { redisCli, startRedis, until } from "../support/redis-servers.js";
import { expectNoUnhandledRejections } from "../support/unhandled.js";

const here = (await backendsHere()).map(({ name }) => name);

const SERVERS = ["redis", "rediss", "redis+cluster", "rediss+cluster", "redis+sentinel", "rediss+sentinel"];
const DATABASES = ["postgres", "postgresql", "mysql", "mariadb"];

async function rejection(promise: Promise<unknown>): Promise<Error> {
  return promise.then(
    () => expect.fail("it resolved"),
    (error: Error) => error,
  );
}

/** Returns everything that an error can show when it is printed. */
function shownBy(error: unknown): string {
  return inspect(error, { depth: Number.POSITIVE_INFINITY, showHidden: true, getters: true });
}

function record(expiresAt = Date.now() + 60_000) {
  const now = Date.now();
  return { kind: "session", userId: "1", data: {}, createdAt: now, lastSeenAt: now, expiresAt, revision: 0 };
}

describe("the URL of openStore", () => {
  expectNoUnhandledRejections();

  describe("with a password", () => {
    // If a URL is parsed wrongly, parts of the password become a host, a port, a path or a parameter name. Every part
    // contains "hunter2" or "4711", so the test finds the part in an error.
    const PASSWORDS = [
      ...["hunter2#hunter2", "hunter2?hunter2", "hunter2,hunter2", "hunter2@hunter2", "hunter2%hunter2", "%zzhunter2"],
      ...["4711#hunter2", "4711/hunter2", "4711?hunter2=4711", "4711@4711,hunter2", "hunter2:[4711]", "hunter2 $&\\"],
    ];

    for (const scheme of [...SERVERS, ...DATABASES]) {
      it(`${scheme}: never shows the password in an error, whatever its characters, encoded or not`, async () => {
        const path = scheme.includes("sentinel") ? "main" : scheme.startsWith("redis") ? "" : "x";
        const urls = PASSWORDS.flatMap((password) => [
          `${scheme}://:${password}@127.0.0.1:1/${path}`,
          `${scheme}://u:${encodeURIComponent(password)}@localhost:1/${path}?timeout=1s`,
          ...[password, encodeURIComponent(password)].flatMap((written) => [
            `${scheme}://u:${written}@127.0.0.1:nowhere/${path}`,
            `${scheme}://u:${written}@127.0.0.1:1/${path}?unknown=${encodeURIComponent(password)}`,
            `${scheme}://u:${written}@/${path}`,
            `${scheme}:u:${written}@127.0.0.1:1`,
          ]),
        ]);
        const errors = await Promise.all(urls.map((url) => rejection(openStore(url))));
        for (const [i, error] of errors.entries()) {
          expect(error, urls[i]).to.be.instanceOf(Error);
          expect(shownBy(error), urls[i]).not.to.match(/hunter2|4711/);
        }
      });
    }

    it("does not show the password in an error if the scheme is unknown or the value is not a URL", async () => {
      const urls = ["mongodb://u:hunter2@h/x", "hunter2", "hunter2@redis://h", "constructor:hunter2", ":hunter2", ""];
      for (const url of [...urls, undefined, null, 1, {}, ["redis://h"]] as string[]) {
        const error = await rejection(openStore(url));
        expect(error).to.be.instanceOf(TypeError).and.property("message").include("one of memory:, sqlite:, redis:");
        expect(shownBy(error)).not.to.include("hunter2");
      }
    });

    if (here.includes("redis")) {
      it("decodes the password for Redis, and does not show it in an error if Redis rejects it", async () => {
        const { url, port, stop } = await startRedis();
        afterTest(stop);
        await redisCli(port, "ACL", "SETUSER", "app", "on", ">p@ss#w,o?r/d%", "~*", "+@all");
        const store = await openedStore(url.replace("//", `//app:${encodeURIComponent("p@ss#w,o?r/d%")}@`));
        await store.create("a", record());
        const error = await rejection(openStore(url.replace("//", "//app:hunter2@")));
        expect(shownBy(error)).to.include("WRONGPASS").and.not.include("hunter2");
      });
    }

    if (here.includes("mariadb")) {
      it("does not show the password in an error if MariaDB rejects it", async () => {
        const url = new URL((await shared.mariadb()).url);
        url.username = "nobody";
        url.password = "hunter2";
        const error = await rejection(openStore(url.href));
        expect(shownBy(error)).to.include("ER_ACCESS_DENIED").and.not.include("hunter2");
      });
    }

    if (here.includes("postgres")) {
      it("does not show the password in an error if PostgreSQL rejects the user", async () => {
        const url = new URL((await shared.postgres()).url);
        url.username = "nobody";
        url.password = "hunter2";
        const error = await rejection(openStore(url.href));
        expect(shownBy(error))
          .to.match(/\b28(?:000|P01)\b/)
          .and.not.include("hunter2");
      });
    }
  });

  describe("with parameters", () => {
    it("rejects an unknown parameter with a TypeError that shows its name, not its value", async () => {
      const wrong: Array<[url: string, name: string]> = [
        ["memory:?max=hunter2", "max"],
        ["sqlite::memory:?max=hunter2", "max"],
        ["sqlite::memory:?schema=hunter2", "schema"],
        ["sqlite::memory:?constructor=hunter2", "constructor"],
        ["redis://127.0.0.1:1?max=hunter2", "max"],
        ["redis://127.0.0.1:1?tablePrefix=hunter2", "tablePrefix"],
        ["rediss+cluster://127.0.0.1:1?pruneEvery=hunter2", "pruneEvery"],
        ["redis+sentinel://127.0.0.1:1/main?sslmode=hunter2", "sslmode"],
        ["postgres://127.0.0.1:1/x?prefix=hunter2", "prefix"],
        ["postgres://127.0.0.1:1/x?password=hunter2", "password"],
        ["mysql://127.0.0.1:1/x?sslmode=hunter2", "sslmode"],
        ["mariadb://127.0.0.1:1/x?connectionLimit=hunter2", "connectionLimit"],
      ];
      for (const [url, name] of wrong) {
        const error = await rejection(openStore(url));
        expect(error, url).to.be.instanceOf(TypeError).with.property("message").that.includes(`"${name}"`);
        expect(shownBy(error)).not.to.include("hunter2");
      }
    });

    it("rejects an invalid value with a TypeError that shows the parameter's name, not the value", async () => {
      const wrong: Array<[url: string, name: string]> = [
        ...["0", "-1", "3.5", "hunter2", ""].map((value): [string, string] => [`postgres://h/x?max=${value}`, "max"]),
        ...["0", "-1s", "1y", "hunter2", ""].flatMap(
          (value): Array<[string, string]> => [
            [`mysql://h/x?timeout=${value}`, "timeout"],
            [`redis://h?timeout=${value}`, "timeout"],
            [`sqlite::memory:?pruneEvery=${value}`, "pruneEvery"],
          ],
        ),
        ["postgres://h/x?channel_binding=hunter2", "channel_binding"],
        ["mysql://h/x?ssl-mode=hunter2", "ssl-mode"],
        ["mysql://h/x?ssl={hunter2", "ssl"],
        ["mysql://h/x?ssl=true&ssl-mode=REQUIRED", "ssl-mode"],
        ["redis://h?prefix=a&prefix=b", "prefix"],
        ["sqlite::memory:?tablePrefix=a%20b", "tablePrefix"],
      ];
      for (const [url, name] of wrong) {
        const error = await rejection(openStore(url));
        expect(error, url).to.be.instanceOf(TypeError).with.property("message").that.includes(name);
        expect(shownBy(error)).not.to.include("hunter2");
      }
    });

    it("rejects a URL with a missing, extra or invalid part with a TypeError", async () => {
      const wrong = ["memory:x", "sqlite:", "sqlite:?timeout=1s", "redis://", "redis://a,b", "redis://a/x", "redis:a"];
      wrong.push("redis+cluster://a/1", "redis+cluster://", "redis+sentinel://a", "redis+sentinel://a/main/x");
      wrong.push("postgres://a,b/x", "postgres:///x", "mysql://a,b/x", "mysql:///x", "postgres://a:99999/x");
      for (const url of wrong) expect(await rejection(openStore(url)), url).to.be.instanceOf(TypeError);
    });

    describe("on SQLite", () => {
      let file: string;
      beforeEach(async () => {
        file = join(await mkdtemp(join(tmpdir(), "latchkey-urls-")), "sessions.db");
      });
      afterEach(() => rm(file, { force: true }));

      it("accepts tablePrefix and pruneEvery", async () => {
        const store = await openedStore(`sqlite:${file}?tablePrefix=shop_&pruneEvery=20ms`);
        await store.create("a", record(Date.now() - 1));
        const db = new Database(file);
        await until(async () => db.prepare("SELECT * FROM shop_sessions").all().length === 0);
        db.close();
      });
    });

    if (here.includes("redis")) {
      it("accepts a prefix on Redis, even an empty one, and a database number", async () => {
        const { url, port, stop } = await startRedis();
        afterTest(stop);
        for (const [query, key] of [
          ["/3?prefix=shop:", "shop:record:a"],
          ["/3?prefix=", "record:a"],
          ["/3", "latchkey:record:a"],
          ["", "latchkey:record:a"],
        ] as const) {
          const store = await openedStore(`${url}${query}`);
          await store.create("a", record());
          expect(await redisCli(port, "-n", query.startsWith("/3") ? "3" : "0", "EXISTS", key), query).to.equal("1\n");
        }
      });
    }

    for (const name of ["postgres", "mariadb"] as const) {
      if (!here.includes(name)) continue;
      it(`accepts max and tablePrefix on ${name}`, async () => {
        const { url, drop } = await makeDatabase(name);
        afterTest(drop);
        const proxy = await startLossyProxy(url);
        afterTest(proxy.stop);
        const store = await openedStore(`${proxy.urlOf(url)}?max=3&tablePrefix=shop_&timeout=1m`);
        await Promise.all(Array.from({ length: 30 }, () => store.read("a")));
        expect(proxy.opened()).to.equal(3);
        expect(await count(url, "shop_sessions")).to.equal(0);
      });

      it(`accepts schema on ${name}`, async () => {
        const { url, drop } = await makeDatabase(name);
        afterTest(drop);
        const other = await makeDatabase(name);
        afterTest(other.drop);
        const schema = name === "postgres" ? "auth" : new URL(other.url).pathname.slice(1);
        if (name === "postgres") await run(url, "CREATE SCHEMA auth");
        const store = await openedStore(`${url}?schema=${schema}`);
        await store.create("a", record());
        expect(await count(url, `${schema}.latchkey_sessions`)).to.equal(1);
      });
    }

    if (here.includes("postgres")) {
      it("passes pg's own parameters to pg", async () => {
        const { url, drop } = await makeDatabase("postgres");
        afterTest(drop);
        const { hostname, port, username, pathname } = new URL(url);
        await openedStore(`${url}?application_name=shop&options=-c%20statement_timeout%3D7s&sslmode=disable`);
        const own = "pg_stat_activity WHERE application_name = 'shop'";
        expect(await count(url, own)).to.equal(1);
        await (await openStore(`postgres://${username}@elsewhere:${port}${pathname}?host=${hostname}`)).close();
        await (await openStore(`${url}?channel_binding=prefer`)).close();
        const error = await rejection(openStore(`${url}?sslmode=verify-full&sslrootcert=/no/such/file`));
        expect(error).to.have.property("code", "ENOENT");
      });
    }

    if (here.includes("mariadb")) {
      it("passes mysql2's own parameters to mysql2, and accepts ssl-mode as MySQL's own clients do", async () => {
        const { url, drop } = await makeDatabase("mariadb");
        afterTest(drop);
        const [{ socket }] = (await run(url, "SELECT @@socket AS socket")) as [{ socket: string }];
        await (await openStore(`${url}?ssl-mode=DISABLED`)).close();
        const { username, pathname } = new URL(url);
        await (await openStore(`mysql://${username}@${pathname}?socketPath=${socket}`)).close();
        const [{ tls }] = (await run(url, "SELECT @@have_ssl AS tls")) as [{ tls: string }];
        for (const query of [
          "ssl=true",
          "ssl={}",
          "ssl-mode=REQUIRED",
          "ssl-mode=VERIFY_CA",
          "ssl-mode=VERIFY_IDENTITY",
        ])
          if (tls !== "YES") expect(await rejection(openStore(`${url}?${query}`)), query).to.match(/secure connection/);
      });
    }
  });
});

/** Runs a statement on a database, and returns its rows. */
async function run(url: string, sql: string): Promise<Array<Record<string, unknown>>> {
  if (url.startsWith("postgres:")) {
    const client = new pg.Client({ connectionString: url });
    await client.connect();
    return (await client.query(sql).finally(() => client.end())).rows;
  }
  const connection = await createConnection({ uri: url });
  const [rows] = await connection.query(sql).finally(() => connection.end());
  return rows as Array<Record<string, unknown>>;
}

async function count(url: string, table: string): Promise<number> {
  const [row] = await run(url, `SELECT count(*) AS n FROM ${table}`);
  return Number(row?.n);
}
