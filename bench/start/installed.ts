import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { dirname, join } from "node:path";

/** The number and size of installed packages, without peer dependencies. */
export interface Installed {
  packages: number;
  bytes: number;
}

/** Finds these packages and all their dependencies, starting from a folder with `node_modules`. */
export function installedWith(names: readonly string[], from: string): Installed {
  const folders = new Set<string>();
  const add = (name: string, asking: string) => {
    const folder = find(name, asking);
    if (folder === null || folders.has(folder)) return;
    folders.add(folder);
    for (const needed of dependenciesOf(folder)) add(needed, folder);
  };
  for (const name of names) add(name, from);
  return { packages: folders.size, bytes: [...folders].reduce((sum, folder) => sum + bytesOf(folder), 0) };
}

/** Returns the names of a package's dependencies. */
export function dependenciesOf(folder: string): string[] {
  const manifest = JSON.parse(readFileSync(join(folder, "package.json"), "utf8")) as { dependencies?: object };
  return Object.keys(manifest.dependencies ?? {});
}

/** Returns the size of the files in a folder in bytes, without nested packages. */
export function bytesOf(folder: string): number {
  return readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.name !== "node_modules")
    .map((entry) => join(folder, entry.name))
    .reduce((sum, path) => sum + (statSync(path).isDirectory() ? bytesOf(path) : statSync(path).size), 0);
}

/** Finds a package the way Node does. Returns null for an optional package that is not installed. */
function find(name: string, asking: string): string | null {
  for (let folder = asking; ; folder = dirname(folder)) {
    const candidate = join(folder, "node_modules", name);
    if (existsSync(join(candidate, "package.json"))) return candidate;
    if (folder === dirname(folder)) return null;
  }
}
