import { readFileSync } from "node:fs";
import { expect } from "chai";
import * as sql from "latchkey/stores/sql";

/** Packages that Prisma and Drizzle also need, to generate clients and to change databases. */
const PARTS = ["prisma", "@prisma/driver-adapter-utils", "@prisma/schema-engine-wasm", "drizzle-kit"];
/** Packages of the root that test/sql-drivers uses. */
const FROM_ROOT = ["better-sqlite3", "sqlite3"];

const read = (file: string) => JSON.parse(readFileSync(file, "utf8"));
const rows = [
  ...readFileSync("docs/choosing-a-store.md", "utf8").matchAll(/^\| `([^`]+)` \| ([^|]+) \| `(\w+)\(.*\)` \|/gm),
].map(([, name, version, call]) => ({ name, version, call }));

describe("the table of drivers in docs/choosing-a-store.md", () => {
  it("lists the packages that test/sql-drivers installs, with their versions", () => {
    const { packages } = read("test/sql-drivers/package-lock.json");
    const root = read("package-lock.json").packages;
    const installed = Object.keys(read("test/sql-drivers/package.json").devDependencies).filter(
      (name) => !PARTS.includes(name) && !name.includes("/adapter-"),
    );
    const expected = [
      ...installed.map((name) => {
        const { name: real = name, version } = packages[`node_modules/${name}`];
        return `${real} ${version}`;
      }),
      ...FROM_ROOT.map((name) => `${name} ${root[`node_modules/${name}`].version}`),
      "node:sqlite Node 24",
    ];
    expect(rows.map(({ name, version }) => `${name} ${version}`)).to.have.members(expected);
  });

  it("lists every function of latchkey/stores/sql that creates a database", () => {
    const functions = Object.keys(sql).filter((name) => !["SqlStore", "ddl"].includes(name));
    expect([...new Set(rows.map(({ call }) => call))]).to.have.members(functions);
  });
});
