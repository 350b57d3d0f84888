import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";

const FOLDER = join(process.cwd(), "test/express-session");
const BEYOND = "Beyond express-session's tests";

/** One row of README.md. */
interface Row {
  path: string;
  tests: string[];
  reason: string;
}

describe("express-session's contract: the table", () => {
  const readme = readFileSync(join(FOLDER, "README.md"), "utf8");
  const rows = rowsOf(readme);

  it("names tests that exist, and every one of them", () => {
    const written = readdirSync(FOLDER)
      .filter((file) => file.endsWith(".test.ts") && file !== "table.test.ts")
      .flatMap((file) => testsOf(file));
    expect(new Set(written)).to.have.property("size", written.length);
    expect([...new Set(rows.flatMap(({ tests }) => tests))].sort()).to.deep.equal(written.sort());
  });

  it("gives each case of express-session one row, and counts them", () => {
    const cases = rows.filter(({ path }) => !path.startsWith(BEYOND));
    expect(new Set(cases.map(({ path }) => path))).to.have.property("size", cases.length);
    const none = cases.filter(({ tests }) => tests.length === 0);
    for (const { path, reason } of none) expect(reason, path).not.to.equal("");
    const same = cases.filter(({ tests, reason }) => tests.length > 0 && reason === "").length;
    const differ = cases.length - same - none.length;
    expect(readme).to.contain(
      `Of ${cases.length} cases, ${same} are the same, ${differ} differ, and ${none.length} is not applicable.`,
    );
  });
});

function rowsOf(markdown: string): Row[] {
  let section = "";
  const rows: Row[] = [];
  for (const line of markdown.split("\n")) {
    if (line.startsWith("## ")) section = line.slice("## ".length);
    const cells = line.startsWith("|") ? line.split("|").slice(1, -1) : [];
    const [name = "", tests = "", reason = ""] = cells.map((cell) => cell.trim());
    if (cells.length === 0 || name === "express-session" || name === "Case" || name === "---") continue;
    expect(cells, line).to.have.length(3);
    rows.push({ path: `${section} > ${name}`, tests: tests.match(/`[\w-]+\.test\.ts` "[^"]+"/g) ?? [], reason });
  }
  return rows;
}

/** The tests in a file. Their titles are plain strings, so that they can be found. */
function testsOf(file: string): string[] {
  const source = readFileSync(join(FOLDER, file), "utf8");
  const titles = [...source.matchAll(/\b(?:both|it)\("([^"]+)"/g)].map(([, title]) => title);
  expect(titles, file).to.have.length(source.match(/\b(?:both|it)\(/g)!.length);
  return titles.map((title) => `\`${file}\` "${title}"`);
}
