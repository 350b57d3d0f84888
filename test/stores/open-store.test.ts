import { execFile } from "node:child_process";
import { mkdtemp, realpath, rm } from "node:fs/promises";
import { isBuiltin } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import Database from "better-sqlite3";
import { expect } from "chai";
import { DataSource } from "typeorm";
import { afterTest } from "../support/after-test.js";
import { backendsHere, shared } from "../support/backends.js";
import { makeDatabase } from "../support/databases.js";
import { openedStore } from "../support/opened-store.js";
import { packageWith } from "../support/package-with.js";
import { runProgram } from "../support/program.js";
import { freePort, redisCli, startRedis } from "../support/redis-servers.js";

const here = (await backendsHere()).map(({ name }) => name);
const hasNodeSqlite = isBuiltin("node:sqlite");
/** Node warns that node:sqlite is experimental. */
const QUIET = { NODE_NO_WARNINGS: "1" };

/** A program that opens a store, uses it and closes it. */
const USE = `
  import { openStore } from "latchkey/stores";
  const store = await openStore(process.argv[1]);
  const now = Date.now();
  const record = { kind: "session", userId: "1", data: { kept: true }, createdAt: now, lastSeenAt: now, expiresAt: now + 60_000, revision: 0 };
  await store.create("id" + process.pid, record);
  const { records } = await store.listByUser("1", { kind: "session", limit: 100 });
  const [{ data }] = records.filter(({ id }) => id === "id" + process.pid);
  const updated = await store.update("id" + process.pid, record);
  await store.close();
  console.log(store.constructor.name, data.kept && updated);`;

const ran = (name: string) => ({ code: 0, output: `${name} true` });

describe("openStore", () => {
  let dir: string;
  beforeEach(async () => {
    dir = await realpath(await mkdtemp(join(tmpdir(), "latchkey-open-")));
  });
  afterEach(() => rm(dir, { recursive: true }));

  it("opens memory:, and close() lets the process end", async () => {
    expect(await runProgram(USE, { args: ["memory:"] })).to.eql(ran("MemoryStore"));
  });

  if (here.includes("redis")) {
    it("opens redis://", async () => {
      const { url } = await shared.redis();
      expect(await runProgram(USE, { args: [url] })).to.eql(ran("RedisStore"));
    });

    it("opens redis+cluster:// through any node that responds, with a user and a password", async () => {
      const { nodes } = await shared.cluster();
      for (const { port } of nodes)
        await redisCli(port, "ACL", "SETUSER", "app", "on", ">p@ss:w", "~latchkey:*", "+@all");
      const hosts = [await freePort(), ...nodes.map(({ port }) => port)].map((port) => `127.0.0.1:${port}`).join();
      const url = `redis+cluster://app:p%40ss%3Aw@${hosts}`;
      expect(await runProgram(USE, { args: [url] })).to.eql(ran("RedisStore"));
      const wrong = await runProgram(USE, { args: [url.replace("p%40ss", "hunter2")] });
      expect(wrong.code).to.equal(1);
      expect(wrong.output).not.to.include("hunter2");
    });

    it("opens redis+sentinel:// through any Sentinel that responds", async () => {
      const { name, sentinels } = await shared.sentinels();
      const hosts = [await freePort(), ...sentinels.map(({ port }) => port)].map((port) => `127.0.0.1:${port}`).join();
      expect(await runProgram(USE, { args: [`redis+sentinel://${hosts}/${name}`] })).to.eql(ran("RedisStore"));
    });

    it("opens rediss:// if Node trusts the certificate, and fails otherwise", async () => {
      const [key, cert] = [join(dir, "key.pem"), join(dir, "cert.pem")];
      const subject = ["-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1"];
      const request = ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "1"];
      await promisify(execFile)("openssl", [...request, "-keyout", key, "-out", cert, ...subject]);
      const port = await freePort();
      const files = ["--tls-cert-file", cert, "--tls-key-file", key, "--tls-auth-clients", "no"];
      const server = await startRedis({ args: ["--tls-port", String(port), ...files] });
      afterTest(server.stop);
      const args = [`rediss://127.0.0.1:${port}`];
      expect(await runProgram(USE, { args, env: { NODE_EXTRA_CA_CERTS: cert } })).to.eql(ran("RedisStore"));
      expect(await runProgram(USE, { args }))
        .to.include({ code: 1 })
        .and.property("output")
        .include("self-signed");
    });

    it("rejects when Redis is not running, and leaves nothing open that keeps the process alive", async () => {
      const port = await freePort();
      for (const url of [`redis://127.0.0.1:${port}`, `redis+cluster://127.0.0.1:${port}`]) {
        const program = `import { openStore } from "latchkey/stores";
          await openStore(process.argv[1]).catch((error) => console.log("rejected"));`;
        expect(await runProgram(program, { args: [url] })).to.eql({ code: 0, output: "rejected" });
      }
    });
  }

  const drivers: Array<{ installed: string[]; uses: string }> = [
    { installed: ["better-sqlite3", "sqlite3"], uses: "better-sqlite3" },
    { installed: ["sqlite3"], uses: hasNodeSqlite ? "node:sqlite" : "sqlite3" },
    ...(hasNodeSqlite ? [{ installed: [], uses: "node:sqlite" }] : []),
  ];
  for (const { installed, uses } of drivers) {
    const beside = installed.length > 0 ? `with ${installed.join(" and ")} installed` : "with no package installed";
    it(`opens sqlite: with ${uses} (${beside}), creates the folder, and keeps earlier sessions`, async () => {
      const args = ["sqlite:./data/sessions.db"];
      const cwd = await packageWith(dir, installed);
      for (const _ of [1, 2]) expect(await runProgram(USE, { args, cwd, env: QUIET })).to.eql(ran("SqlStore"));
      expect(await kept(`sqlite:${join(cwd, "data/sessions.db")}`)).to.equal(2);
      const loaded = `import { createRequire } from "node:module";
        import { openStore } from "latchkey/stores";
        await (await openStore(process.argv[1])).close();
        const files = Object.keys(createRequire(process.cwd() + "/").cache).join();
        console.log(/node_modules.(better-sqlite3|sqlite3)/.exec(files)?.[1] ?? "node:sqlite");`;
      expect(await runProgram(loaded, { args, cwd, env: QUIET })).to.eql({ code: 0, output: uses });
    });
  }

  it("opens sqlite: so that reads do not wait for writers, and writes wait up to the timeout", async () => {
    const file = join(dir, "busy.db");
    const store = await openedStore(`sqlite:${file}?timeout=1m`);
    const other = new Database(file);
    afterTest(() => other.close());
    expect(other.pragma("journal_mode")).to.eql([{ journal_mode: "wal" }]);
    other.exec("BEGIN IMMEDIATE");
    const now = Date.now();
    const record = {
      kind: "session",
      userId: "1",
      data: {},
      createdAt: now,
      lastSeenAt: now,
      expiresAt: now + 60_000,
      revision: 0,
    };
    const writing = store.create("a", record);
    for (let i = 0; i < 20; i++) expect(await store.read("a")).to.equal(null);
    other.exec("COMMIT");
    await writing;
    expect(await store.read("a")).to.include({ userId: "1" });
    other.exec("BEGIN IMMEDIATE");
    const impatient = await openedStore(`sqlite:${file}?timeout=1ms`);
    const error = await impatient.create("b", record).catch((error: Error) => error);
    expect(error).to.have.property("message", "database is locked");
  });

  const makers: Array<[string, string, () => Promise<{ url: string; drop(): Promise<void> }>]> = [
    ["sqlite", "sqlite:", async () => ({ url: `sqlite:${join(dir, "race.db")}`, drop: async () => {} })],
    ["postgres", "postgres://", () => makeDatabase("postgres")],
    ["mariadb", "mysql://", () => makeDatabase("mariadb")],
  ];
  for (const [backend, scheme, make] of makers) {
    if (!here.includes(backend)) continue;
    it(`opens ${scheme} on a new database in four processes at once`, async () => {
      const { url, drop } = await make();
      afterTest(drop);
      const outcomes = await Promise.all([1, 2, 3, 4].map(() => runProgram(USE, { args: [url] })));
      expect(outcomes).to.eql(outcomes.map(() => ran("SqlStore")));
      expect(await runProgram(USE, { args: [url] })).to.eql(ran("SqlStore"));
      const alias = url.replace(/^postgres:/, "postgresql:").replace(/^mysql:/, "mariadb:");
      expect(await runProgram(USE, { args: [alias] })).to.eql(ran("SqlStore"));
      expect(await kept(url)).to.equal(6);
    });
  }

  it("reports how to install a missing package, and loads only the package that the URL needs", async () => {
    const show = `import { openStore } from "latchkey/stores";
      await openStore(process.argv[1]).then((store) => store.close(), ({ code, message }) => console.log(code, message));`;
    const wanting = async (installed: string[], url: string) => {
      const cwd = await packageWith(await mkdtemp(join(dir, "wanting-")), installed);
      return (await runProgram(show, { args: [url], cwd, env: QUIET })).output;
    };
    const told = (peers: string) => `peer_missing a package is missing; install it with: npm install ${peers}`;
    expect(await wanting([], "memory:")).to.equal("");
    for (const url of ["redis://127.0.0.1:1", "rediss+cluster://127.0.0.1:1", "redis+sentinel://127.0.0.1:1/main"])
      expect(await wanting([], url)).to.equal(told("redis"));
    expect(await wanting(["redis"], "redis://127.0.0.1:1")).to.match(/^ECONNREFUSED /);
    expect(await wanting([], "postgres://127.0.0.1:1/x")).to.equal(told("pg"));
    expect(await wanting(["pg"], "postgres://127.0.0.1:1/x")).to.match(/^ECONNREFUSED /);
    expect(await wanting([], "mysql://127.0.0.1:1/x")).to.equal(told("mysql2"));
    expect(await wanting(["mysql2"], "mysql://127.0.0.1:1/x")).to.match(/^ECONNREFUSED /);
    expect(await wanting([], "sqlite::memory:")).to.equal(hasNodeSqlite ? "" : told("better-sqlite3"));
  });
});

/** Counts the rows in the table that openStore creates. */
async function kept(url: string): Promise<number> {
  const [scheme] = url.split(":", 1);
  const database = url.slice("sqlite:".length);
  const dataSource = new DataSource(
    scheme === "sqlite" ? { type: "better-sqlite3", database } : { type: scheme as "postgres" | "mysql", url },
  );
  await dataSource.initialize();
  afterTest(() => dataSource.destroy());
  const [{ n }] = await dataSource.query("SELECT count(*) AS n FROM latchkey_sessions");
  return Number(n);
}
