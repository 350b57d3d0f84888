import { execFileSync } from "node:child_process";
import { copyFileSync, cpSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Copies the built repository, so that its installed packages can be changed. Returns the folder. */
export function copyTree(name) {
  const tree = mkdtempSync(join(tmpdir(), `latchkey-${name}-`));
  const files = execFileSync("git", ["ls-files", "-z", "--cached", "--others", "--exclude-standard"], {
    encoding: "utf8",
  });
  for (const file of files.split("\0").filter(Boolean)) cpSync(file, join(tree, file));
  for (const made of ["dist", "build/test", "build/examples"]) cpSync(made, join(tree, made), { recursive: true });
  linkOrCopy("node_modules", join(tree, "node_modules"));
  return tree;
}

function linkOrCopy(from, to) {
  try {
    execFileSync("cp", ["-al", from, to], { stdio: "ignore" });
  } catch {
    rmSync(to, { recursive: true, force: true }); // hard links do not work across file systems
    execFileSync("cp", ["-a", from, to]);
  }
  // npm changes this file in place, which would also change the original through the hard link.
  const lock = ".package-lock.json";
  rmSync(join(to, lock));
  copyFileSync(join(from, lock), join(to, lock));
}
