import { readFileSync } from "node:fs";
import { expect } from "chai";

/** Packages that an ORM or its tests also need. */
const PARTS = ["@mikro-orm/core", "@mikro-orm/postgresql", "pg", "prisma"];

describe("the table of ORMs in docs/users.md", () => {
  it("lists the packages that test/orms installs, with their versions", () => {
    const { packages } = JSON.parse(readFileSync("test/orms/package-lock.json", "utf8"));
    const { devDependencies } = JSON.parse(readFileSync("test/orms/package.json", "utf8"));
    const installed = Object.keys(devDependencies).filter(
      (name) => !PARTS.includes(name) && !name.includes("/adapter-"),
    );
    const rows = installed.map((name) => {
      const { name: real = name, version } = packages[`node_modules/${name}`];
      return `\`${real}\` | ${version}`;
    });
    const told = readFileSync("docs/users.md", "utf8").matchAll(/^\| \w[^|]* \| (`[^`]+` \| [\d.]+) \|/gm);
    expect([...told].map(([, row]) => row)).to.have.members(rows);
  });
});
