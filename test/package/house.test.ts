import { appendFileSync, cpSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { expect } from "chai";
import { isQuick, leaveOut, leaveToTestAll } from "../support/tier.js";

const INSTALL = "npm ci --prefix tools/house";
const isMissing = !existsSync("tools/house/node_modules");

if (isQuick) leaveToTestAll("the imports of the rooms");
else if (isMissing && !process.env.CI) leaveOut("the imports of the rooms", `MISSING: ${INSTALL}`);
else describe("the rooms of src and stores", inRooms);

function inRooms(): void {
  let problemsOf: (root: string) => Promise<string[]>;
  let copy: string;

  before(async () => {
    if (isMissing) throw new Error(`dependency-cruiser is missing: ${INSTALL}`);
    const { examine } = await import(pathToFileURL(resolve("tools/house/check.js")).href);
    problemsOf = async (root) => (await examine(root)).problems;
  });

  beforeEach(() => {
    copy = mkdtempSync(join(tmpdir(), "latchkey-house-"));
    for (const folder of ["src", "stores"]) cpSync(folder, join(copy, folder), { recursive: true });
  });
  afterEach(() => rmSync(copy, { recursive: true }));

  const plant = (file: string, code: string) => appendFileSync(join(copy, file), code);

  it("import only from rooms below, and never in a cycle", async () => {
    expect(await problemsOf(process.cwd())).to.eql([]);
  });

  it("must not import a type from a room above", async () => {
    plant("src/http/caching.ts", 'export type Planted = import("../manager/policy.js").Policy;\n');
    plant("src/store/deadlines.ts", 'import type { Core } from "../core.js";\nexport type Planted = Core;\n');
    const problems = await problemsOf(copy);
    expect(problems).to.include("http imports upwards: src/http/caching.ts -> src/manager/policy.ts");
    expect(problems).to.include("store, crypto imports upwards: src/store/deadlines.ts -> src/core.ts");
  });

  it("must not import types in a cycle, even within one room", async () => {
    plant("src/crypto/keys.ts", 'import type { Stamps } from "./security-stamp.js";\nexport type Planted = Stamps;\n');
    expect(await problemsOf(copy)).to.eql([
      "circle: src/crypto/keys.ts -> src/crypto/security-stamp.ts -> src/crypto/stored-hashes.ts -> src/crypto/keys.ts",
    ]);
  });

  it("must not import sibling rooms, other entries or other stores, and stores import only the contract", async () => {
    plant("src/flash/flashes.ts", 'import "../remember/token.js";\n');
    plant("src/nestjs/index.ts", 'import "../testing/index.js";\n');
    plant("src/manager/login-manager.ts", 'import "../../stores/redis/index.js";\n');
    plant("stores/memory/index.ts", 'import "../redis/value.js";\nimport "../../src/duration.js";\n');
    expect(await problemsOf(copy)).to.have.members([
      "siblings import each other: src/flash/flashes.ts -> src/remember/token.ts",
      "an entry imports another: src/nestjs/index.ts -> src/testing/index.ts",
      "only the default store may be imported here: src/manager/login-manager.ts -> stores/redis/index.ts",
      "a store imports another store: stores/memory/index.ts -> stores/redis/value.ts",
      "a store imports more than the contract: stores/memory/index.ts -> src/duration.ts",
    ]);
  });

  it("must contain every file, and at most 16 files each", async () => {
    writeFileSync(join(copy, "src/attic.ts"), "export {};\n");
    mkdirSync(join(copy, "src/cellar"));
    for (let i = 0; i < 17; i++) writeFileSync(join(copy, `src/cellar/${i}.ts`), "export {};\n");
    const problems = await problemsOf(copy);
    expect(problems).to.include("src/attic.ts is in no room").and.include("src/cellar has 17 files; 16 is the limit");
  });
}
