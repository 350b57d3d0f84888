import { readFile, writeFile } from "node:fs/promises";

const PAGE = "docs/benchmarks.md";

/** Writes a part's figures between its markers on the page. @throws if the markers are missing */
export async function fillPage(part: string, text: string): Promise<void> {
  const page = await readFile(PAGE, "utf8");
  const [begin, end] = [`<!-- figures: ${part} -->`, `<!-- end: ${part} -->`];
  const [before, rest] = page.split(begin);
  const after = rest?.split(end)[1];
  if (before === undefined || after === undefined) throw new Error(`${PAGE} has no place for the figures of ${part}`);
  await writeFile(PAGE, `${before}${begin}\n\n${text.trim()}\n\n${end}${after}`);
}

/** Returns the machine and the Node of a measurement as a sentence. */
export function settingOf({ cores, processor, node }: { cores: number; processor: string; node: string }): string {
  return `Measured on Node ${node}, on ${cores} cores (${processor}) that other programs also used.`;
}
