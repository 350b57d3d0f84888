import { execFile } from "node:child_process";
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect } from "chai";
import { packageWith } from "../support/package-with.js";
import { runProgram } from "../support/program.js";
import { soaking } from "../support/trials.js";

const manifest = fileURLToPath(import.meta.resolve("latchkey/package.json"));
const { peerDependencies, peerDependenciesMeta } = JSON.parse(await readFile(manifest, "utf8")) as {
  peerDependencies: Record<string, string>;
  peerDependenciesMeta: Record<string, { optional: boolean }>;
};

/** Packages that an application can use itself, in versions that are not installed here. */
const BESIDE = [
  "connect-redis@8",
  "redis@4",
  "mysql2@2",
  "better-sqlite3@11",
  "@nestjs/common@10",
  "@nestjs/common@12",
];

describe("the versions of the peers", () => {
  let dir: string;
  beforeEach(async () => {
    dir = await mkdtemp(join(tmpdir(), "latchkey-peers-"));
  });
  afterEach(() => rm(dir, { recursive: true }));

  it("do not prevent an installation, because optional peers accept every version", () => {
    for (const [name, range] of Object.entries(peerDependencies)) {
      expect(range, name).to.equal(peerDependenciesMeta[name]?.optional ? "*" : ">=4");
    }
  });

  it("are declared only for packages that the code of latchkey names", async () => {
    const root = dirname(manifest);
    const files = await Promise.all(
      ["src", "stores"].map(async (folder) => {
        const names = await readdir(join(root, folder), { recursive: true });
        return names.filter((name) => name.endsWith(".ts")).map((name) => join(root, folder, name));
      }),
    );
    const code = (await Promise.all(files.flat().map((file) => readFile(file, "utf8")))).join("");
    for (const name of Object.keys(peerDependencies))
      expect(code.includes(`"${name.replace("@types/", "")}"`), name).to.equal(true);
    expect(code).not.to.include('"connect-redis"');
  });

  it("are checked on use: openStore rejects node-redis 4, and says what to install", async () => {
    const cwd = await packageWith(dir, []);
    const fake = join(cwd, "node_modules/redis");
    await mkdir(fake);
    await writeFile(
      join(fake, "package.json"),
      '{"name":"redis","version":"4.7.1","type":"module","exports":"./index.js"}',
    );
    await writeFile(join(fake, "index.js"), "export const createClient = () => ({ disconnect() {} });");
    const program = `import { openStore } from "latchkey/stores";
      openStore("redis://127.0.0.1:1").then(() => console.log("opened"), ({ code, message }) => console.log(code, message))`;
    const { output } = await runProgram(program, { cwd });
    expect(output.trim()).to.equal("peer_version redis must be 5 or newer; install it with: npm install redis@latest");
  });

  // These tests use the npm registry.
  if (!soaking) return;
  for (const beside of BESIDE) {
    it(`let npm install latchkey together with ${beside}`, async () => {
      const packed = await promisify(execFile)(
        "npm",
        ["pack", "--silent", "--ignore-scripts", "--pack-destination", dir],
        { cwd: dirname(manifest) },
      );
      await writeFile(join(dir, "package.json"), '{"private":true}');
      const args = [
        "install",
        "--package-lock-only",
        "--ignore-scripts",
        "--no-audit",
        "--no-fund",
        "--strict-peer-deps",
      ];
      await promisify(execFile)("npm", [...args, "express@5", beside, `./${packed.stdout.trim()}`], { cwd: dir });
      const lock = JSON.parse(await readFile(join(dir, "package-lock.json"), "utf8")) as {
        packages: Record<string, { version: string }>;
      };
      expect(lock.packages).to.include.keys("node_modules/latchkey");
    });
  }
});
