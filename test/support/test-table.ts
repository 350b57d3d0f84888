import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";

/** A row of a README.md that compares the tests of another project with ours. */
export interface Row {
  /** The heading above the row. */
  section: string;
  /** The name of the other project's test. */
  name: string;
  /** Our tests, as `file` "title". */
  tests: string[];
  /** The reason why our tests differ, or why we have no test. */
  reason: string;
}

/** A folder of tests whose README.md has a row for each test of another project. */
export interface TestTable {
  readme: string;
  rows: Row[];
  /** The tests that the README.md names, in its rows and in the text. */
  named: string[];
  /** The tests in the folder. */
  written: string[];
}

/**
 * Reads the table of a folder in `test`. `verbs` are the functions that define a test; their first argument is its
 * title.
 */
export function testTable(folder: string, verbs: readonly string[] = ["it"]): TestTable {
  const path = join(process.cwd(), "test", folder);
  const readme = readFileSync(join(path, "README.md"), "utf8");
  const files = readdirSync(path).filter((file) => file.endsWith(".test.ts") && file !== "table.test.ts");
  const written = files.flatMap((file) => testsOf(file, readFileSync(join(path, file), "utf8"), verbs));
  return { readme, rows: rowsOf(readme), named: testsIn(readme), written };
}

/** Asserts that the README.md names every test in the folder, and no other test. */
export function expectSameTests({ named, written }: TestTable): void {
  expect(new Set(written)).to.have.property("size", written.length);
  expect([...named].sort()).to.deep.equal([...written].sort());
}

function rowsOf(markdown: string): Row[] {
  let section = "";
  let isHead = true;
  const rows: Row[] = [];
  for (const line of markdown.split("\n")) {
    if (line.startsWith("## ")) section = line.slice("## ".length);
    if (!line.startsWith("|")) isHead = true;
    else if (/^[|\s-]+$/.test(line)) isHead = false;
    else if (!isHead) {
      const cells = line.split("|").slice(1, -1);
      expect(cells, line).to.have.length(3);
      const [name, tests, reason] = cells.map((cell) => cell.trim()) as [string, string, string];
      rows.push({ section, name, tests: testsIn(tests), reason });
    }
  }
  return rows;
}

/** The tests that a text names, without duplicates. */
function testsIn(text: string): string[] {
  return [...new Set(text.match(/`[\w-]+\.test\.ts` "[^"]+"/g))];
}

/** The tests in a file. Asserts that all titles are plain strings, because others cannot be compared. */
function testsOf(file: string, source: string, verbs: readonly string[]): string[] {
  const call = String.raw`\b(?:${verbs.join("|")})\(`;
  const titles = [...source.matchAll(new RegExp(`${call}"([^"]+)"`, "g"))].map(([, title]) => title!);
  expect(titles, file).to.have.length([...source.matchAll(new RegExp(call, "g"))].length);
  return titles.map((title) => `\`${file}\` "${title}"`);
}
