import { cp, mkdir, symlink } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = dirname(fileURLToPath(import.meta.resolve("latchkey/package.json")));

/** Turns a folder into a project that has only latchkey, its dependencies and the given packages installed. */
export async function packageWith(cwd: string, installed: string[]): Promise<string> {
  const modules = join(cwd, "node_modules");
  await mkdir(join(modules, "latchkey"), { recursive: true });
  for (const part of ["dist", "package.json"])
    await cp(join(root, part), join(modules, "latchkey", part), { recursive: true });
  for (const name of ["lru-cache", "ms", "on-headers", ...installed]) {
    await mkdir(dirname(join(modules, name)), { recursive: true });
    await symlink(join(root, "node_modules", name), join(modules, name));
  }
  return cwd;
}
