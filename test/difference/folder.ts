import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const SIZES = {
  "small.txt": 100,
  "large.txt": 200_000,
  "huge.txt": 1_000_000,
  "empty.txt": 0,
  "page.txt": 10,
  "broken.txt": 10,
};
const LINE = "a line of a file\n";

/** Creates a folder with the files that the applications serve. */
export function folderOfFiles(): string {
  const folder = mkdtempSync(join(tmpdir(), "latchkey-difference-"));
  for (const [name, size] of Object.entries(SIZES)) {
    writeFileSync(join(folder, name), LINE.repeat(size / LINE.length + 1).slice(0, size));
  }
  return folder;
}
