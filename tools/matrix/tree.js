import { execFileSync } from "node:child_process";
import { copyFileSync, cpSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A copy of this repository as it was built, whose packages may be changed. */
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
    rmSync(to, { recursive: true, force: true }); // another file system, where nothing can be linked
    execFileSync("cp", ["-a", from, to]);
  }
  // npm writes this one in place, and would write through the link.
  const lock = ".package-lock.json";
  rmSync(join(to, lock));
  copyFileSync(join(from, lock), join(to, lock));
}
