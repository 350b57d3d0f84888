import { execFile } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { promisify } from "node:util";
import { expect } from "chai";

const { scripts } = JSON.parse(readFileSync("package.json", "utf8"));

/** Folders with their own packages and test runners. */
const APART = ["consumers", "drivers", "nestjs-versions", "orms", "sql-drivers"];

/** Returns the test files of a folder, without their endings. Skips the folders above, because they have many files. */
function testsIn(folder: string, ending: string): string[] {
  return readdirSync(folder, { withFileTypes: true })
    .filter(({ name }) => !APART.includes(name))
    .flatMap((entry) => (entry.isDirectory() ? insideOf(folder, entry.name) : [entry.name]))
    .filter((file) => file.endsWith(ending) && !file.includes("node_modules"))
    .map((file) => file.slice(0, -ending.length))
    .sort();
}

function insideOf(folder: string, name: string): string[] {
  return (readdirSync(join(folder, name), { recursive: true }) as string[]).map((file) => join(name, file));
}

describe("the tiers of the tests", () => {
  it("all run every test file, and every test file is compiled", () => {
    const pattern = "build/test/**/*.test.js";
    for (const script of ["test", "test:all"]) expect(scripts[script], script).to.match(/ mocha [^']*'([^']*)'$/);
    for (const script of ["test", "test:all"]) expect(scripts[script], script).to.include(`'${pattern}'`);
    expect(readFileSync("tools/soak.js", "utf8")).to.include(`"${pattern}"`);
    expect(JSON.parse(readFileSync(".mocharc.json", "utf8"))).not.to.have.any.keys("spec", "ignore", "exclude");
    expect(testsIn("build/test", ".test.js")).to.eql(testsIn("test", ".test.ts"));
  });

  it("have one long timeout, and no test sets its own timeout", () => {
    expect(JSON.parse(readFileSync(".mocharc.json", "utf8")).timeout).to.be.at.least(600_000);
    const impatient = testsIn("test", ".test.ts").filter((file) =>
      /\bthis\.timeout\(/.test(readFileSync(join("test", `${file}.test.ts`), "utf8")),
    );
    expect(impatient.filter((file) => file !== "package/tiers")).to.eql([]);
  });

  it("are run by .ci/run with the usual commands, and test:all requires a minimum of coverage", () => {
    const run = readFileSync(".ci/run", "utf8");
    expect(run).to.include("npm ci && npm test").and.include("npm run test:all");
    expect(scripts["test:all"]).to.include("c8 ");
    expect(JSON.parse(readFileSync(".c8rc.json", "utf8"))).to.include({
      "check-coverage": true,
      lines: 98,
      branches: 95,
    });
  });
});

describe("a run of tests", () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "latchkey-tiers-"));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  /** Runs a test file with additional environment variables, and returns the exit code and the output. */
  const run = (source: string, env: NodeJS.ProcessEnv, ...flags: string[]) =>
    runToItsEnd(source, env, "--exit", ...flags);

  /** Like `run`, but the process keeps running after the last test while something is open. */
  async function runToItsEnd(
    source: string,
    env: NodeJS.ProcessEnv,
    ...flags: string[]
  ): Promise<{ code: number; output: string }> {
    const file = join(folder, "a.test.mjs");
    writeFileSync(file, source.replaceAll("../support/", `${resolve("build/test/support")}/`));
    const { QUICK, SOAK, CI, RESULTS, NODE_V8_COVERAGE, MOCHA_WORKER_ID, ...rest } = process.env;
    const args = ["node_modules/mocha/bin/mocha.js", ...flags, file];
    return promisify(execFile)(process.execPath, args, { env: { ...rest, ...env } }).then(
      ({ stdout }) => ({ code: 0, output: stdout }),
      ({ code, stdout }) => ({ code, output: stdout }),
    );
  }

  const onPostgres = `
    import { backendsHere } from "../support/backends.js";
    for (const { name, open } of await backendsHere("memory", "postgres"))
      it("opens " + name, async () => (await open()).close());
  `;
  const away = { POSTGRES_URL: "postgres://nobody@127.0.0.1:1/none" };

  it("leaves out tests that need a server in npm test, and reports them", async () => {
    const { code, output } = await run(onPostgres, { ...away, QUICK: "1", CI: "true" });
    expect([code, output]).to.eql([0, output]);
    expect(output)
      .to.match(/1 passing/)
      .and.match(/Left out:\n +postgres +npm run test:all runs it/);
  });

  it("reports what each process of a parallel run leaves out", async () => {
    const { code, output } = await run(onPostgres, { ...away, QUICK: "1" }, "--parallel", "--jobs", "2");
    expect([code, output]).to.eql([0, output]);
    expect(output)
      .to.match(/1 passing/)
      .and.match(/Left out:\n +postgres +npm run test:all runs it/);
  });

  it("leaves out tests of a missing server, and says how to install the server", async () => {
    const { code, output } = await run(onPostgres, away);
    expect([code, output]).to.eql([0, output]);
    expect(output)
      .to.match(/1 passing/)
      .and.match(/Left out:\n +postgres +MISSING: apt-get install postgresql/);
  });

  it("fails on CI if a server is missing", async () => {
    const { code, output } = await run(onPostgres, { ...away, CI: "true" });
    expect(code, output).to.equal(1);
    expect(output).to.include("postgres is missing: apt-get install postgresql");
  });

  it("fails in npm test if a test starts a server", async () => {
    const starting = `
      import { startRedis } from "../support/redis-servers.js";
      it("starts one", () => startRedis());
    `;
    const { code, output } = await run(starting, { QUICK: "1" });
    expect(code, output).to.equal(1);
    expect(output).to.include("npm test runs without redis-server");
  });

  it("runs a long suite only in npm run test:all", async () => {
    const long = `
      import { inTestAll } from "../support/tier.js";
      inTestAll("a long suite", () => void it("runs", () => {}));
    `;
    const quick = await run(long, { QUICK: "1" });
    expect(quick.code, quick.output).to.equal(0);
    expect(quick.output)
      .to.match(/0 passing/)
      .and.match(/a long suite +npm run test:all runs it/);
    expect((await run(long, {})).output).to.match(/1 passing/);
  });

  it("fails if a file has no test and gives no reason", async () => {
    const { code, output } = await run("", {});
    expect(code, output).to.equal(1);
    expect(output).to.match(/Files in which no test ran:\n +\S*a\.test/);
  });

  describe("that leaves something open", () => {
    const leaking = `
      import { spawn } from "node:child_process";
      import { createServer } from "node:net";
      it("leaks", (done) => {
        setInterval(() => {}, 1000);
        spawn("sleep", ["4711"], { stdio: "ignore" });
        createServer().listen(0, "127.0.0.1", done);
      });
    `;

    const expectAllIn = (output: string) => {
      for (const open of [/a server on 127\.0\.0\.1:\d+\n/, /the child process \d+: sleep 4711\n/, /timers: 1\n/])
        expect(output).to.match(open);
    };

    it("ends after a while with a failure, and says what is open", async () => {
      const { code, output } = await runToItsEnd(leaking, { LATCHKEY_TESTS_PATIENCE: "50" });
      expect(code, output).to.equal(1);
      expect(output).to.include("1 passing").and.include("0.05 s after the last test");
      expectAllIn(output);
    });

    it("fails if it is parallel, and says what a worker left open", async () => {
      const { code, output } = await runToItsEnd(leaking, {}, "--parallel", "--jobs", "2");
      expect(code, output).to.equal(3);
      expect(output).to.include("1 passing").and.include("Left open by a worker");
      expectAllIn(output);
    });

    it("ends at once if it closes everything", async () => {
      const { code, output } = await runToItsEnd('it("opens nothing", () => {});', {});
      expect([code, output]).to.eql([0, output]);
      expect(output).not.to.include("after the last test");
    });
  });
});

describe("tools/add-up.js", () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "latchkey-add-up-"));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  const addUp = (quick: object, all: object) => {
    const files = Object.entries({ quick, all }).map(([name, results]) => {
      const file = join(folder, name);
      writeFileSync(file, JSON.stringify(results));
      return file;
    });
    return promisify(execFile)(process.execPath, ["tools/add-up.js", ...files]).then(
      ({ stdout }) => stdout,
      ({ stderr }) => stderr,
    );
  };

  it("counts each test once, and prints the sum in the last line", async () => {
    const printed = await addUp({ login: 26, stores: 160 }, { login: 26, stores: 480, "redis-away": 3 });
    expect(printed.trim().split("\n").at(-1)).to.equal("509 passed, 0 failed");
    expect(printed).to.include("npm test: 186 passed").and.include("323 more");
  });

  it("fails if test:all passes fewer tests of a file than npm test", async () => {
    expect(await addUp({ login: 26, stores: 160 }, { login: 25, stores: 480 })).to.include("login: 26 passed");
    expect(await addUp({ login: 26 }, {})).to.include("login: 26 passed in npm test, 0 in test:all");
  });
});
