import { readFileSync } from "node:fs";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import Database from "better-sqlite3";
import { expect } from "chai";
import { LoginManager } from "latchkey";
import { COMMAND, latchkey } from "../support/command.js";

const COMMANDS = ["sessions", "count", "revoke", "revoke-all", "prune", "doctor", "schema", "secret"];

describe("the command latchkey", () => {
  let dir: string;
  beforeEach(async () => {
    dir = await mkdtemp(join(tmpdir(), "latchkey-cli-"));
  });
  afterEach(() => rm(dir, { recursive: true }));

  it("prints its help and version to stdout, and its help to stderr if no command is given", async () => {
    expect(readFileSync(COMMAND, "utf8"), "the file that npm links").to.match(/^#!\/usr\/bin\/env node\n/);
    const help = await latchkey(["--help"]);
    expect(help).to.include({ code: 0, stderr: "" });
    for (const command of COMMANDS) expect(help.stdout).to.match(new RegExp(`^ {2}${command} `, "m"));
    expect(readFileSync("docs/operating.md", "utf8")).to.include(`$ npx latchkey --help\n${help.stdout}`);
    expect(await latchkey([])).to.eql({ code: 2, stdout: "", stderr: help.stdout });
    expect((await latchkey(["--version"])).stdout).to.match(/^\d+\.\d+\.\d+\n$/);
  });

  it("prints the help of each command, in lines of at most 120 characters", async () => {
    const helps = await Promise.all(COMMANDS.map((command) => latchkey([command, "--help"])));
    for (const [i, { code, stdout, stderr }] of helps.entries()) {
      expect({ code, stderr }, COMMANDS[i]).to.eql({ code: 0, stderr: "" });
      expect(stdout).to.include(`Usage: latchkey ${COMMANDS[i]} `).and.include("  --json ");
      for (const line of stdout.split("\n")) expect(line.length, line).to.be.at.most(120);
    }
  });

  it("rejects wrong usage with the exit code 2, before it opens a store", async () => {
    const wrong: Array<[string, string]> = [
      ["nonsense", 'the first argument must be a command, not "nonsense"'],
      ["--json", 'the first argument must be a command, not "--json"'],
      ["sessions --store redis://127.0.0.1:1", "the option --user is required"],
      ["count --user 1", "the option --store is required, or the variable SESSION_STORE"],
      ["count --user 1 --store memory:", "which no other process can read"],
      ["count --user 1 --store elsewhere:", "a store's URL must start with one of memory:, "],
      ["count --user 1 --store redis://127.0.0.1:1?maxx=1", 'not the parameter "maxx"'],
      ["count 1 --user 1 --store redis://127.0.0.1:1", 'unexpected argument "1"'],
      ["revoke --user 1 --store redis://127.0.0.1:1", "the argument LOGIN_ID is required"],
      ["prune --limit 0 --store redis://127.0.0.1:1", 'the option --limit must be a whole number above zero, not "0"'],
      ["prune --realm staff --store redis://127.0.0.1:1", "Unknown option '--realm'"],
      ["prune --timeout soon --store redis://127.0.0.1:1", '--timeout: "soon" is not a duration'],
      ["schema", "the option --dialect is required"],
      ["schema --dialect oracle", 'dialect must be one of sqlite, postgres, mysql, not "oracle"'],
      ["doctor", "the option --store or --app is required, or the variable SESSION_STORE"],
    ];
    for (const [line, message] of wrong) {
      const { code, stdout, stderr } = await latchkey(line.split(" "));
      expect({ code, stdout }, line).to.eql({ code: 2, stdout: "" });
      expect(stderr, line).to.match(/^latchkey: .*\nTry: latchkey --help\n$/);
      expect(stderr, line).to.include(message);
    }
  });

  it("rejects an invalid realm or user id with the exit code 2, and prints the error as JSON with --json", async () => {
    const store = `sqlite:${join(dir, "sessions.db")}`;
    new Database(join(dir, "sessions.db")).close();
    const invalid = ["--realm a/b --user 1", `--user ${"1".repeat(256)}`];
    for (const args of invalid) {
      const { code, stdout, stderr } = await latchkey(["count", ...args.split(" "), "--store", store, "--json"]);
      expect({ code, stderr }).to.eql({ code: 2, stderr: "" });
      const { error } = JSON.parse(stdout);
      expect(Object.keys(error)).to.eql(["code", "message"]);
      expect(error.code).to.equal("wrong_usage");
    }
  });

  it("accepts a login id that begins with a dash", async () => {
    const store = `sqlite:${join(dir, "sessions.db")}`;
    const db = new Database(join(dir, "sessions.db"));
    db.exec((await latchkey(["schema", "--dialect", "sqlite"])).stdout);
    db.close();
    const id = "-bcdefghijklmnopqrst-v";
    const missing = { code: 1, stdout: `User 1 has no login ${id}.\n`, stderr: "" };
    expect(await latchkey(["revoke", id, "--user", "1", "--store", store])).to.eql(missing);
    expect(await latchkey(["revoke", "--user", "1", "--store", store, "--", id])).to.eql(missing);
  });

  it("creates neither a SQLite file nor a table, and ends with the exit code 1 if they are missing", async () => {
    const count = (file: string) => latchkey(["count", "--user", "1", "--store", `sqlite:${join(dir, file)}`]);
    const absent = await count("absent.db");
    expect(absent).to.include({ code: 1, stdout: "" });
    expect(absent.stderr).to.match(/^latchkey: cannot open the store, .*: ENOENT/);
    expect(await readdir(dir)).to.eql([]);
    const db = new Database(join(dir, "empty.db"));
    const empty = await count("empty.db");
    expect(empty).to.include({ code: 1, stdout: "" });
    expect(empty.stderr).to.match(/no such table: latchkey_sessions\n$/);
    expect(db.prepare("SELECT name FROM sqlite_master").all()).to.eql([]);
    db.close();
  });

  it("prints the SQL statements for each dialect, with a table prefix or a schema, or as JSON", async () => {
    const { stdout } = await latchkey(["schema", "--dialect", "sqlite", "--table-prefix", "my_"]);
    const db = new Database(":memory:");
    db.exec(stdout);
    const names = db.prepare("SELECT name FROM sqlite_master WHERE name LIKE 'my_%' ORDER BY name").all();
    const wanted = ["my_sessions", "my_sessions_prune_after", "my_sessions_user_id_kind"];
    expect(names).to.eql(wanted.map((name) => ({ name })));
    db.close();
    const postgres = await latchkey(["schema", "--dialect", "postgres", "--schema", "auth"]);
    expect(postgres.stdout).to.include('CREATE TABLE IF NOT EXISTS "auth"."latchkey_sessions" (');
    const mysql = await latchkey(["schema", "--dialect", "mysql", "--json"]);
    const { dialect, statements } = JSON.parse(mysql.stdout);
    expect(dialect).to.equal("mysql");
    expect(statements).to.have.length(1);
  });

  it("prints a new secret, which a LoginManager accepts in production", async () => {
    const made = await Promise.all([latchkey(["secret"]), latchkey(["secret"])]);
    const [one, other] = made.map(({ stdout }) => stdout.trim()) as [string, string];
    expect(one)
      .to.match(/^[\w-]{43}$/)
      .and.not.equal(other);
    expect(JSON.parse((await latchkey(["secret", "--json"])).stdout).secret).to.match(/^[\w-]{43}$/);
    const { NODE_ENV } = process.env;
    process.env.NODE_ENV = "production";
    try {
      expect(new LoginManager({ secret: one })).to.be.instanceOf(LoginManager);
    } finally {
      if (NODE_ENV === undefined) delete process.env.NODE_ENV;
      else process.env.NODE_ENV = NODE_ENV;
    }
  });
});

describe("the command latchkey, if the store cannot be reached", () => {
  let silent: string;
  let stop: () => void;

  beforeEach(async () => {
    const sockets = new Set<Socket>();
    const server = createServer((socket) => sockets.add(socket.on("error", () => {})));
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    silent = `127.0.0.1:${(server.address() as AddressInfo).port}`;
    stop = () => {
      server.close();
      for (const socket of sockets) socket.destroy();
    };
  });
  afterEach(() => stop());

  for (const scheme of ["redis", "redis+cluster", "postgres", "mysql"]) {
    it(`ends with the exit code 1 and prints no password, for ${scheme}://`, async () => {
      const database = scheme.startsWith("redis") ? "" : "/db";
      const refused = `${scheme}://user:hunter%402@127.0.0.1:1${database}`;
      const away = await latchkey(["count", "--user", "1", "--store", refused]);
      expect(away).to.include({ code: 1, stdout: "" });
      expect(away.stderr).to.match(
        /^latchkey: cannot open the store, whose URL starts with "[a-z+]+:": .*ECONNREFUSED/,
      );

      const mute = `${scheme}://user:hunter%402@${silent}${database}`;
      const late = await latchkey(["doctor", "--json", "--timeout", "500", "--store", mute]);
      expect(late).to.include({ code: 1, stderr: "" });
      expect(JSON.parse(late.stdout)).to.eql({
        ok: false,
        checks: [{ check: "store", status: "failed", message: "the store did not respond within 500 ms" }],
      });
      for (const { stdout, stderr } of [away, late]) expect(stdout + stderr).not.to.include("hunter");
    });
  }

  it("prints no password of a URL that is in the wrong place or is malformed", async () => {
    const url = "redis://:hunter2@127.0.0.1:1";
    const lines = [
      ["count", url, "--user", "1"],
      [url],
      ["count", `--stor=${url}`],
      ["count", "--user", "1", "--store", "postgres://user:hun/ter2@127.0.0.1/db"],
      ["count", "--user", "1", "--store", "postgres://user:hunter2%@127.0.0.1/db"],
    ];
    for (const line of lines) {
      const { code, stdout, stderr } = await latchkey(line);
      expect(code).to.equal(2);
      expect(stdout + stderr, line.join(" ")).not.to.match(/hunter|ter2/);
    }
    const { stdout } = await latchkey([...lines[0]!, "--json"]);
    expect(JSON.parse(stdout).error.message).to.equal('unexpected argument "redis://:***@127.0.0.1:1"');
  });
});
