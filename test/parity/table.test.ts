import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";

const FOLDER = join(process.cwd(), "test/parity");

/** One row of README.md. */
interface Row {
  section: string;
  name: string;
  tests: string[];
  reason: string;
}

describe("parity: the table", () => {
  const readme = readFileSync(join(FOLDER, "README.md"), "utf8");
  const rows = rowsOf(readme);
  const upstream = rows.filter(({ name }) => name.startsWith("`test_"));

  it("names tests that exist, and every one of them", () => {
    const written = readdirSync(FOLDER)
      .filter((file) => file.endsWith(".test.ts") && file !== "table.test.ts")
      .flatMap((file) => testsOf(file));
    expect(new Set(written)).to.have.property("size", written.length);
    expect([...testsIn(readme)].sort()).to.deep.equal(written.sort());
  });

  it("gives each test of Flask-Login one row, with a test or the reason why there is none", () => {
    const keys = upstream.map(({ section, name }) => `${section} ${name}`);
    expect(new Set(keys)).to.have.property("size", keys.length);
    expect(readme).to.contain(`0.7: ${keys.length} tests`);
    for (const { name, tests, reason } of rows) {
      expect(tests.length > 0 || reason !== "", name).to.equal(true);
    }
  });
});

function rowsOf(markdown: string): Row[] {
  let section = "";
  const rows: Row[] = [];
  for (const line of markdown.split("\n")) {
    if (line.startsWith("## ")) section = line.slice(3);
    const cells = line.startsWith("|") ? line.split("|").slice(1, -1) : [];
    const [name = "", tests = "", reason = ""] = cells.map((cell) => cell.trim());
    if (cells.length === 0 || name === "Flask-Login" || name === "---") continue;
    expect(cells, line).to.have.length(3);
    rows.push({ section, name, tests: [...testsIn(tests)], reason });
  }
  return rows;
}

/** The tests that a text names, as `file` "title". */
function testsIn(text: string): Set<string> {
  return new Set(text.match(/`[\w-]+\.test\.ts` "[^"]+"/g));
}

/** The tests in a file. Their titles are plain strings, so that they can be found. */
function testsOf(file: string): string[] {
  const source = readFileSync(join(FOLDER, file), "utf8");
  const titles = [...source.matchAll(/\bit\("([^"]+)"/g)].map(([, title]) => title);
  expect(titles, file).to.have.length(source.match(/\bit\(/g)!.length);
  return titles.map((title) => `\`${file}\` "${title}"`);
}
