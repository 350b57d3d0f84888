import { existsSync, readFileSync } from "node:fs";
import { expect } from "chai";

/** One row of docs/security.md. */
export interface Row {
  section: string;
  id: string;
  requirement: string;
  metBy: string;
  shownBy: string;
  /** The names of the patches in test/mutation/rows that make the named tests fail. */
  brokenBy: string[];
}

/** A test that a row names, as `file` "title". */
export interface NamedTest {
  file: string;
  title: string;
}

/** The rows of docs/security.md. */
export function securityRows(): Row[] {
  let section = "";
  const rows: Row[] = [];
  for (const line of readFileSync("docs/security.md", "utf8").split("\n")) {
    if (line.startsWith("## ")) section = line.slice(3);
    if (!line.startsWith("|")) continue;
    const cells = line.split(/(?<!\\)\|/).slice(1, -1);
    expect(cells, line).to.have.length(5);
    const [id, requirement, metBy, shownBy, patches] = cells.map((cell) => cell.trim()) as [
      string,
      string,
      string,
      string,
      string,
    ];
    if (id === "id" || id === "---") continue;
    const brokenBy = [...patches.matchAll(/`([\w-]+)`/g)].map(([, name]) => name!);
    rows.push({ section, id, requirement, metBy, shownBy, brokenBy });
  }
  return rows;
}

/** The tests that the text of a cell names. */
export function testsIn(text: string): NamedTest[] {
  return [...text.matchAll(/`(test\/[\w/-]+\.test\.[jt]s)` "([^"]+)"/g)].map(([, file, title]) => ({
    file: file!,
    title: title!,
  }));
}

const read = new Map<string, string[]>();

/** The titles in a test file, exactly as in its source. */
export function titlesOf(file: string): string[] {
  if (!read.has(file)) {
    const source = existsSync(file) ? readFileSync(file, "utf8") : "";
    const titles = [...source.matchAll(/\b(?:it|describe)\(\s*(?:"((?:[^"\\]|\\.)*)"|`((?:[^`\\]|\\.)*)`)/g)];
    read.set(
      file,
      titles.map(([, plain, template]) => plain ?? template!),
    );
  }
  return read.get(file)!;
}

/** A regular expression for a title in which each … matches any text. */
export function titlePattern(title: string): string {
  return title
    .split("…")
    .map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"))
    .join(".+");
}
