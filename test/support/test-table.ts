import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";

/** A row of a README.md that sets another project's tests beside ours. */
export interface Row {
  /** The heading above it. */
  section: string;
  /** The other project's test. */
  name: string;
  /** Ours, as `file` "title". */
  tests: string[];
  /** Why they differ, or why there is none. */
  reason: string;
}

/** A folder of tests with a README.md that has a row for each of another project's tests. */
export interface TestTable {
  readme: string;
  rows: Row[];
  /** The tests that the README.md names, in its rows and between them. */
  named: string[];
  /** The tests in the folder. */
  written: string[];
}

/** Reads the table of a folder below `test`; `verbs` start a test whose title is its first argument. */
export function testTable(folder: string, verbs: readonly string[] = ["it"]): TestTable {
  const path = join(process.cwd(), "test", folder);
  const readme = readFileSync(join(path, "README.md"), "utf8");
  const files = readdirSync(path).filter((file) => file.endsWith(".test.ts") && file !== "table.test.ts");
  const written = files.flatMap((file) => testsOf(file, readFileSync(join(path, file), "utf8"), verbs));
  return { readme, rows: rowsOf(readme), named: testsIn(readme), written };
}

/** Each test is named, and each name is that of a test. */
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

/** The tests that a text names, each once. */
function testsIn(text: string): string[] {
  return [...new Set(text.match(/`[\w-]+\.test\.ts` "[^"]+"/g))];
}

/** The tests in a file. Their titles are plain strings, so that they can be found. */
function testsOf(file: string, source: string, verbs: readonly string[]): string[] {
  const call = String.raw`\b(?:${verbs.join("|")})\(`;
  const titles = [...source.matchAll(new RegExp(`${call}"([^"]+)"`, "g"))].map(([, title]) => title!);
  expect(titles, file).to.have.length([...source.matchAll(new RegExp(call, "g"))].length);
  return titles.map((title) => `\`${file}\` "${title}"`);
}
