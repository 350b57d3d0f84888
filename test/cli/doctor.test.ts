import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import Database from "better-sqlite3";
import { expect } from "chai";
import { openStore } from "latchkey/stores";
import { createConnection } from "mysql2/promise";
import pg from "pg";
import { afterTest } from "../support/after-test.js";
import { backendsHere } from "../support/backends.js";
import { latchkey } from "../support/command.js";
import { makeDatabase } from "../support/databases.js";
import { redisCli, startRedis } from "../support/redis-servers.js";

const here = (await backendsHere("sqlite", "redis", "postgres", "mariadb")).map(({ name }) => name);

interface Check {
  check: string;
  status: "ok" | "warning" | "failed";
  message: string;
}

/** Runs `latchkey doctor`. Returns the exit code, the checks by name, and the status of each check. */
async function examined(args: string[], env: NodeJS.ProcessEnv = {}) {
  const { code, stdout } = await latchkey(["doctor", "--json", "--timeout", "2m", ...args], { env });
  const { ok, checks } = JSON.parse(stdout) as { ok: boolean; checks: Check[] };
  expect(ok).to.equal(code === 0);
  const byName = Object.fromEntries(checks.map((one) => [one.check, one]));
  return { code, byName, statuses: checks.map(({ check, status }) => `${check} ${status}`) };
}

describe("latchkey doctor", () => {
  let dir: string;
  beforeEach(async () => {
    dir = await mkdtemp(join(tmpdir(), "latchkey-doctor-"));
  });
  afterEach(() => rm(dir, { recursive: true }));

  it("finds a missing index and a missing table in SQLite", async () => {
    const file = join(dir, "sessions.db");
    await (await openStore(`sqlite:${file}`)).close();
    const db = new Database(file);
    db.exec("DROP INDEX latchkey_sessions_user_id_kind");
    const unindexed = await examined(["--store", `sqlite:${file}`]);
    expect(unindexed.statuses).to.eql(["store ok", "table ok", "indexes failed", "latency ok", "rights ok"]);
    const advice = "`latchkey schema --dialect sqlite` prints the statements";
    expect(unindexed.byName.indexes!.message).to.equal(`no index on (user_id, kind); ${advice}`);

    db.exec("DROP TABLE latchkey_sessions");
    const empty = await examined(["--store", `sqlite:${file}`]);
    expect(empty.statuses).to.eql(["store ok", "table failed"]);
    expect(empty.byName.table!.message).to.equal(`no such table: latchkey_sessions; ${advice}`);
    expect(empty.code).to.equal(1);
    db.close();
  });

  it("prints one line for each check, and ends with the exit code 0", async () => {
    const url = `sqlite:${join(dir, "sessions.db")}`;
    await (await openStore(url)).close();
    const { code, stdout } = await latchkey(["doctor", "--store", url, "--timeout", "2m"]);
    expect(code).to.equal(0);
    expect(stdout).to.match(
      /^ok {2}store {4}reached in \d+ ms\nok {2}table .*\nok {2}indexes .*\nok {2}latency .*\nok {2}rights .*\n$/,
    );
  });

  it("checks the store, the timeouts and the cookies of an application, and sends the application's output to stderr", async () => {
    const app = join(dir, "app.mjs");
    const entry = (name: string) => JSON.stringify(import.meta.resolve(name));
    await writeFile(
      app,
      `import { LoginManager } from ${entry("latchkey")};
      import { openStore } from ${entry("latchkey/stores")};
      console.log("the application has started");
      setInterval(() => {}, 1000);
      const store = await openStore(${JSON.stringify(`sqlite:${join(dir, "sessions.db")}`)});
      export const login = new LoginManager({ secret: process.env.SECRET, store });`,
    );
    const { stdout: secret } = await latchkey(["secret"]);
    const production = { NODE_ENV: "production", SECRET: secret.trim() };
    const { code, statuses, byName } = await examined(["--app", app], production);
    const ofStore = ["table ok", "indexes ok", "latency ok", "rights ok"];
    const ofApp = ["environment ok", "timeouts ok", "session cookie ok", "remember cookie ok"];
    expect(statuses).to.eql([...ofApp, ...ofStore]);
    expect(code).to.equal(0);
    expect(byName["session cookie"]!.message).to.equal("__Host-sid: Secure, HttpOnly, SameSite=lax");
    const run = await latchkey(["doctor", "--json", "--app", app], { env: production });
    expect(run.stderr).to.equal("the application has started\n");
  });

  it("reports warnings if the options of an application are not suitable for production", async () => {
    const app = join(dir, "app.mjs");
    await writeFile(
      app,
      `import { LoginManager } from ${JSON.stringify(import.meta.resolve("latchkey"))};
      export default new LoginManager({ secret: "x".repeat(32), assuranceLevel: 2, remember: { cookie: { httpOnly: false } } });`,
    );
    const { code, statuses, byName } = await examined(["--app", app], { NODE_ENV: "" });
    expect(code).to.equal(0);
    expect(statuses).to.eql([
      "environment warning",
      ...["timeouts warning", "timeouts warning"],
      ...["session cookie warning", "remember cookie warning", "application's store warning"],
    ]);
    expect(byName["remember cookie"]!.message).to.include("scripts can read it");
  });

  it("reports a failure if the module exports no LoginManager or cannot be imported", async () => {
    const app = join(dir, "app.mjs");
    await writeFile(app, "export const login = {};");
    const none = await examined(["--app", app]);
    expect(none.statuses).to.eql(["application failed"]);
    expect(none.byName.application!.message).to.include("exports no LoginManager");
    const absent = await examined(["--app", join(dir, "absent.mjs")]);
    expect(absent.byName.application!.message).to.include("Cannot find module");
    expect(absent.code).to.equal(1);
  });

  if (here.includes("redis")) {
    it("reports whether the eviction policy of Redis is ok, a warning or a failure", async () => {
      const { port, url, stop } = await startRedis();
      afterTest(stop);
      const judged = async (policy: string, memory: string) => {
        await redisCli(port, "CONFIG", "SET", "maxmemory-policy", policy);
        await redisCli(port, "CONFIG", "SET", "maxmemory", memory);
        return (await examined(["--store", url])).byName.eviction!.status;
      };
      expect(await judged("noeviction", "100mb")).to.equal("ok");
      expect(await judged("allkeys-lru", "0")).to.equal("warning");
      expect(await judged("volatile-ttl", "100mb")).to.equal("warning");
      expect(await judged("allkeys-lru", "100mb")).to.equal("failed");
    });

    it("reports a right that a Redis user lacks", async () => {
      const { port, url, stop } = await startRedis();
      afterTest(stop);
      await redisCli(port, "ACL", "SETUSER", "app", "on", ">hunter2", "~latchkey:*", "+@all", "-set", "-info");
      const store = url.replace("redis://", "redis://app:hunter2@");
      const { byName, code } = await examined(["--store", store]);
      expect(code).to.equal(1);
      expect(byName.rights!.message).to.match(/^cannot create a record: .*(NOPERM|can't run this command)/);
      expect(byName.eviction).to.include({ status: "warning" });
      expect(byName.eviction!.message).to.match(/^cannot read the eviction policy: /);
    });

    it("reports a warning if the clocks differ by 20 seconds, and a failure if they differ by an hour", async () => {
      const { url, stop } = await startRedis();
      afterTest(stop);
      const shifted = async (milliseconds: number) => {
        const code = `const { now } = Date; Date.now = () => now() + ${milliseconds};`;
        const NODE_OPTIONS = `--import=data:text/javascript,${encodeURIComponent(code)}`;
        return (await examined(["--store", url], { NODE_OPTIONS })).byName.clock!;
      };
      expect(await shifted(20_000)).to.include({ status: "warning" });
      const { status, message } = await shifted(-3_600_000);
      expect(status).to.equal("failed");
      expect(message).to.match(/^this machine is (3600|3599)\.\d+ s behind the store's server; /);
    });
  }

  if (here.includes("postgres")) {
    it("reports a right that a PostgreSQL role lacks, and needs no right to create tables", async () => {
      const { url, drop } = await makeDatabase("postgres");
      afterTest(drop);
      await (await openStore(url)).close();
      const role = `latchkey_doctor_${process.pid}`;
      const client = new pg.Client({ connectionString: url });
      await client.connect();
      afterTest(() => client.end());
      await client.query(`CREATE ROLE ${role} LOGIN PASSWORD 'hunter2'`);
      await client.query("REVOKE CREATE ON SCHEMA public FROM PUBLIC");
      await client.query(`GRANT SELECT, INSERT ON latchkey_sessions TO ${role}`);
      const asRole = new URL(url);
      asRole.username = role;
      asRole.password = "hunter2";
      const denied = await examined(["--store", asRole.href]);
      expect(denied.statuses).to.include.members(["table ok", "indexes ok", "rights failed", "clock ok"]);
      expect(denied.byName.rights!.message).to.include("cannot create a record: ").and.include("permission denied");
      await client.query(`GRANT UPDATE, DELETE ON latchkey_sessions TO ${role}`);
      expect(await examined(["--store", asRole.href])).to.include({ code: 0 });
      await client.query("DROP INDEX latchkey_sessions_prune_after");
      expect((await examined(["--store", asRole.href])).byName.indexes!.message).to.include(
        "no index on (prune_after)",
      );
      await client.query(`DROP OWNED BY ${role}`);
      await client.query(`DROP ROLE ${role}`);
    });
  }

  if (here.includes("mariadb")) {
    it("finds a missing index in MariaDB and says how to add it, in a database that is not the connection's", async () => {
      const [one, other] = await Promise.all([makeDatabase("mariadb"), makeDatabase("mariadb")]);
      for (const { drop } of [one, other]) afterTest(drop);
      const url = `${one.url}?schema=${new URL(other.url).pathname.slice(1)}`;
      await (await openStore(url)).close();
      expect(await examined(["--store", url])).to.include({ code: 0 });
      const connection = await createConnection({ uri: other.url });
      afterTest(() => connection.end());
      await connection.query("DROP INDEX latchkey_sessions_user_id_kind ON latchkey_sessions");
      const { message } = (await examined(["--store", url])).byName.indexes!;
      expect(message).to.include("no index on (user_id, kind); run: ALTER TABLE");
      await connection.query(message.split("run: ")[1]!);
      expect(await examined(["--store", url])).to.include({ code: 0 });
    });
  }
});
