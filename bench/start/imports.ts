import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { type Spread, spreadOf } from "../harness/rounds.js";

/** Measures how many milliseconds it takes to import a module, each time in a new process. */
export function importTime(specifier: string, { node, times }: { node: string; times: number }): Spread {
  const measured = `await import(${JSON.stringify(specifier)})`;
  return spreadOf(Array.from({ length: times }, () => timeOf(node, "", measured)));
}

/** Measures how many milliseconds it takes to import each package after Express, in turns. The first is the base. */
export function importTimes(names: readonly string[], { node, times }: { node: string; times: number }) {
  const taken = names.map((): number[] => []);
  for (let round = 0; round < times; round++) {
    for (const [i, name] of names.entries()) {
      taken[i]!.push(timeOf(node, `await import("express")`, `await import(${JSON.stringify(name)})`));
    }
  }
  return names.map((name, i) => ({
    name,
    milliseconds: spreadOf(taken[i]!),
    ratio: spreadOf(taken[i]!.map((time, round) => time / taken[0]![round]!)),
  }));
}

/** Runs a program in a new process, and returns how many milliseconds its second part takes. */
export function timeOf(node: string, before: string, measured: string): number {
  const program = `${before}; const begun = performance.now(); ${measured}; console.log(performance.now() - begun); process.exit()`;
  return Number(execFileSync(node, ["--no-warnings", "--input-type=module", "-e", program], { encoding: "utf8" }));
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
