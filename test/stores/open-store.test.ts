import { execFile } from "node:child_process";
import { mkdtemp, realpath, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { inspect, promisify } from "node:util";
import { expect } from "chai";
import { openStore } from "latchkey/stores";
import { DataSource } from "typeorm";
import { backendsHere, shared } from "../support/backends.js";
import { makeDatabase } from "../support/databases.js";
import { packageWith } from "../support/package-with.js";
import { runProgram } from "../support/program.js";
import { freePort, redisCli, startRedis } from "../support/redis-servers.js";

const here = (await backendsHere()).map(({ name }) => name);

/** Opens a store, uses it, closes it, and has nothing left to do. */
const USE = `
  import { openStore } from "latchkey/stores";
  const store = await openStore(process.argv[1]);
  const now = Date.now();
  const record = { userId: "1", data: { kept: true }, createdAt: now, lastSeenAt: now, expiresAt: now + 60_000, revision: 0 };
  await store.create("id" + process.pid, record);
  const [{ data }] = (await storedSessions(store, "1")).filter(({ id }) => id === "id" + process.pid);
  const { lastSeenAt, ...remembered } = record;
  const tokens = store.rememberTokens;
  await tokens.create("id" + process.pid, { ...remembered, tokenHash: "first" });
  const rotated = await tokens.rotate("id" + process.pid, "first", { ...remembered, tokenHash: "second" });
  await store.close();
  console.log(store.constructor.name, data.kept && rotated);`;

const ran = (name: string) => ({ code: 0, output: `${name} true` });

async function rejection(promise: Promise<unknown>): Promise<Error> {
  return promise.then(
    () => expect.fail("it resolved"),
    (error: Error) => error,
  );
}

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

    it("opens redis+cluster:// by any node that answers, with a user and a password", async () => {
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

    it("opens rediss://, and trusts only what Node trusts", async () => {
      const [key, cert] = [join(dir, "key.pem"), join(dir, "cert.pem")];
      const subject = ["-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1"];
      const request = ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "1"];
      await promisify(execFile)("openssl", [...request, "-keyout", key, "-out", cert, ...subject]);
      const port = await freePort();
      const files = ["--tls-cert-file", cert, "--tls-key-file", key, "--tls-auth-clients", "no"];
      const server = await startRedis({ args: ["--tls-port", String(port), ...files] });
      const args = [`rediss://127.0.0.1:${port}`];
      expect(await runProgram(USE, { args, env: { NODE_EXTRA_CA_CERTS: cert } })).to.eql(ran("RedisStore"));
      expect(await runProgram(USE, { args }))
        .to.include({ code: 1 })
        .and.property("output")
        .include("self-signed");
      await server.stop();
    });

    it("rejects when no Redis is there, and leaves nothing that keeps the process", async () => {
      const port = await freePort();
      for (const url of [`redis://127.0.0.1:${port}`, `redis+cluster://127.0.0.1:${port}`]) {
        const program = `import { openStore } from "latchkey/stores";
          await openStore(process.argv[1]).catch((error) => console.log("rejected"));`;
        expect(await runProgram(program, { args: [url] })).to.eql({ code: 0, output: "rejected" });
      }
    });
  }

  it("opens sqlite:, in a folder that is not there yet, and finds the sessions of the last process", async () => {
    const url = "sqlite:./data/sessions.db";
    const copy = await packageWith(dir, ["typeorm", "reflect-metadata", "better-sqlite3"]);
    for (const _ of [1, 2]) expect(await runProgram(USE, { args: [url], cwd: copy })).to.eql(ran("TypeOrmStore"));
  });

  const makers: Array<[string, string, () => Promise<{ url: string; drop(): Promise<void> }>]> = [
    ["sqlite", "sqlite:", async () => ({ url: `sqlite:${join(dir, "race.db")}`, drop: async () => {} })],
    ["postgres", "postgres://", () => makeDatabase("postgres")],
    ["mariadb", "mysql://", () => makeDatabase("mariadb")],
  ];
  for (const [backend, scheme, make] of makers) {
    if (!here.includes(backend)) continue;
    it(`opens ${scheme}, in four processes that find a new database at once`, async () => {
      const { url, drop } = await make();
      const outcomes = await Promise.all([1, 2, 3, 4].map(() => runProgram(USE, { args: [url] })));
      expect(outcomes).to.eql(outcomes.map(() => ran("TypeOrmStore")));
      expect(await runProgram(USE, { args: [url] })).to.eql(ran("TypeOrmStore"));
      const alias = url.replace(/^postgres:/, "postgresql:").replace(/^mysql:/, "mariadb:");
      expect(await runProgram(USE, { args: [alias] })).to.eql(ran("TypeOrmStore"));
      expect(await kept(url)).to.eql({ latchkey_sessions: 6, latchkey_remember_tokens: 6 });
      await drop();
    });
  }

  it("says how to install what is missing, and loads nothing that the URL does not need", async () => {
    const show = `import { openStore } from "latchkey/stores";
      await openStore(process.argv[1]).then((store) => store.close(), ({ code, message }) => console.log(code, message));`;
    const wanting = async (installed: string[], url: string) => {
      const cwd = await packageWith(await mkdtemp(join(dir, "wanting-")), installed);
      return (await runProgram(show, { args: [url], cwd })).output;
    };
    const told = (peers: string) => `peer_missing a package is missing; install it with: npm install ${peers}`;
    const sql = (driver: string) => told(`typeorm reflect-metadata ${driver}`);
    expect(await wanting([], "memory:")).to.equal("");
    expect(await wanting([], "redis://127.0.0.1:1")).to.equal(told("redis"));
    expect(await wanting([], "redis+cluster://127.0.0.1:1")).to.equal(told("redis"));
    expect(await wanting(["redis"], "redis://127.0.0.1:1")).to.match(/^ECONNREFUSED /);
    expect(await wanting([], "sqlite::memory:")).to.equal(sql("better-sqlite3"));
    expect(await wanting(["typeorm"], "sqlite::memory:")).to.equal(sql("better-sqlite3"));
    expect(await wanting(["typeorm"], "postgres://127.0.0.1:1/x")).to.equal(sql("pg"));
    expect(await wanting(["typeorm"], "mysql://127.0.0.1:1/x")).to.equal(sql("mysql2"));
  });

  it("refuses every other URL, and shows nothing secret of it", async () => {
    const schemes = "memory:, redis:, rediss:, redis+cluster:, sqlite:, postgres:, postgresql:, mysql:, mariadb:";
    const urls = ["mongodb://u:hunter2@h/x", "hunter2", "hunter2@redis://h", "constructor:hunter2", ":hunter2", ""];
    for (const url of [...urls, undefined, null, 1, {}, ["redis://h"]] as string[]) {
      const error = await rejection(openStore(url));
      expect(error).to.be.instanceOf(TypeError).and.property("message").include(`one of ${schemes}`);
      expect(inspect(error)).not.to.include("hunter2");
    }
    for (const scheme of ["redis", "rediss", "redis+cluster", "postgres", "mysql"]) {
      const error = await rejection(openStore(`${scheme}://u:hunter2@127.0.0.1:nowhere/x`));
      expect(error).to.be.instanceOf(TypeError);
      expect(inspect(error, { depth: 9 })).not.to.include("hunter2");
    }
  });
});

/** How many rows the tables of openStore have. */
async function kept(url: string): Promise<Record<string, number>> {
  const [scheme] = url.split(":", 1);
  const database = url.slice("sqlite:".length);
  const dataSource = new DataSource(
    scheme === "sqlite" ? { type: "better-sqlite3", database } : { type: scheme as "postgres" | "mysql", url },
  );
  await dataSource.initialize();
  const counts: Record<string, number> = {};
  for (const table of ["latchkey_sessions", "latchkey_remember_tokens"]) {
    const [{ n }] = await dataSource.query(`SELECT count(*) AS n FROM ${table}`);
    counts[table] = Number(n);
  }
  await dataSource.destroy();
  return counts;
}
