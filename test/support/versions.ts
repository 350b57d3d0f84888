import { execFileSync } from "node:child_process";
import { cp, mkdir, mkdtemp, readdir, realpath, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL(".", import.meta.resolve("latchkey/package.json")));

/** A program in a folder where one version of latchkey is installed. */
export interface Installed {
  program: string;
  folder: string;
  remove(): Promise<void>;
}

/**
 * Copies a program of the tests into a new folder, and installs latchkey there, with the packages of this repository.
 *
 * @param program the path of the program in `test`
 * @param fixture the name of a file in `test/fixtures`; undefined for the present version
 */
export async function installVersion(program: string, fixture?: string): Promise<Installed> {
  const folder = await realpath(await mkdtemp(join(tmpdir(), "latchkey-version-")));
  const modules = join(folder, "node_modules");
  await mkdir(join(modules, "latchkey"), { recursive: true });
  for (const name of await readdir(join(root, "node_modules")))
    if (!name.startsWith(".")) await symlink(join(root, "node_modules", name), join(modules, name));
  if (fixture === undefined) {
    for (const part of ["dist", "package.json"])
      await cp(join(root, part), join(modules, "latchkey", part), { recursive: true });
  } else {
    const packed = join(root, "test/fixtures", fixture);
    execFileSync("tar", ["-xzf", packed, "--strip-components=1", "-C", join(modules, "latchkey")]);
  }
  await cp(join(root, "test", program), join(folder, "main.mjs"));
  return {
    program: join(folder, "main.mjs"),
    folder,
    remove: () => rm(folder, { recursive: true }),
  };
}
