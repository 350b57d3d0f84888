import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { dirname, join } from "node:path";

/** What installing some packages brings along, without their peers. */
export interface Installed {
  packages: number;
  bytes: number;
}

/** Follows the dependencies of packages from the folder whose `node_modules` they are in. */
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

/** The names that a package depends on. */
export function dependenciesOf(folder: string): string[] {
  const manifest = JSON.parse(readFileSync(join(folder, "package.json"), "utf8")) as { dependencies?: object };
  return Object.keys(manifest.dependencies ?? {});
}

/** Bytes of the files in a folder, without nested packages. */
export function bytesOf(folder: string): number {
  return readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.name !== "node_modules")
    .map((entry) => join(folder, entry.name))
    .reduce((sum, path) => sum + (statSync(path).isDirectory() ? bytesOf(path) : statSync(path).size), 0);
}

/** As Node looks for a package; null for an optional one that is not there. */
function find(name: string, asking: string): string | null {
  for (let folder = asking; ; folder = dirname(folder)) {
    const candidate = join(folder, "node_modules", name);
    if (existsSync(join(candidate, "package.json"))) return candidate;
    if (folder === dirname(folder)) return null;
  }
}
