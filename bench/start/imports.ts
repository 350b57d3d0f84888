import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { type Spread, spreadOf } from "../harness/rounds.js";

/** Measures how many milliseconds it takes to import a module, each time in a new process. */
export function importTime(specifier: string, { node, times }: { node: string; times: number }): Spread {
  const program = `const begun = performance.now(); await import(${JSON.stringify(specifier)}); console.log(performance.now() - begun);`;
  const args = ["--input-type=module", "-e", program];
  return spreadOf(Array.from({ length: times }, () => Number(execFileSync(node, args, { encoding: "utf8" }))));
}

/** Counts the files and bytes of this package that a module imports statically, including the module itself. */
export function sizeOf(file: string): { files: number; bytes: number } {
  const sizes = new Map<string, number>();
  const add = (path: string) => {
    if (sizes.has(path)) return;
    const text = readFileSync(path, "utf8");
    sizes.set(path, Buffer.byteLength(text));
    for (const [, target] of text.matchAll(/^(?:import|export)\b[^"']*["'](\.[^"']+)["'];$/gm)) {
      add(resolve(dirname(path), target!));
    }
  };
  add(resolve(file));
  return { files: sizes.size, bytes: [...sizes.values()].reduce((sum, bytes) => sum + bytes, 0) };
}
