import { readFileSync } from "node:fs";
import { expect } from "chai";
import { testsIn, titlePattern, titlesOf } from "../support/security-page.js";

/** The packages that latchkey must work with. */
const PACKAGES = [
  ...["typescript", "reflect-metadata", "routing-controllers", "typeorm", "sqlite3", "express", "express-session"],
  ...["connect-redis", "redis", "mocha", "chai", "sinon"],
];

const read = (file: string) => readFileSync(file, "utf8");
const [, table = ""] = /\| package \| used by \| shown by \|\n([\s\S]*?)\n\n/.exec(read("README.md")) ?? [];
const rows = [...table.matchAll(/^\| `([\w-]+)` \| (.*) \| (.*) \|$/gm)].map(([, name, usedBy, shownBy]) => ({
  name: name!,
  usedBy: usedBy!,
  shownBy: shownBy!,
}));

describe("the table of packages in the README", () => {
  it("lists each package once", () => {
    expect(rows.map(({ name }) => name)).to.eql(PACKAGES);
  });

  it("names a file that imports the package", () => {
    for (const { name, usedBy } of rows) {
      const [, file = ""] = /`([^`]+)`/.exec(usedBy) ?? [];
      const source = read(file);
      if (name === "typescript") expect(file).to.match(/\.ts$/);
      else expect(source, `${file}: ${name}`).to.match(new RegExp(`^import (?!type )(?:.* from )?"${name}";$`, "m"));
    }
  });

  it("names tests that exist", () => {
    for (const { name, shownBy } of rows) {
      const named = testsIn(shownBy);
      expect(named, name).to.have.lengthOf(1);
      for (const { file, title } of named) {
        const pattern = new RegExp(`^${titlePattern(title)}$`);
        expect(
          titlesOf(file).some((existing) => pattern.test(existing)),
          `${file} "${title}"`,
        ).to.equal(true);
      }
    }
  });
});
