import { execFileSync } from "node:child_process";
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

// Prints a CycloneDX list of the package's dependencies, in the versions of package-lock.json. Peer dependencies are
// left out, because they belong to the application. `npm sbom --omit dev` is not enough: its list is empty if all
// dependencies are also installed for development.
const { devDependencies, peerDependencies, peerDependenciesMeta, scripts, ...shipped } = JSON.parse(
  readFileSync("package.json", "utf8"),
);
const home = mkdtempSync(join(tmpdir(), "sbom-"));
const folder = join(home, shipped.name); // npm uses the folder's name as the component name
const npm = (...args) => execFileSync("npm", args, { cwd: folder, encoding: "utf8" });

try {
  mkdirSync(folder);
  for (const file of ["package.json", "package-lock.json"]) copyFileSync(file, join(folder, file));
  npm("ci", "--omit=dev", "--omit=peer", "--omit=optional", "--ignore-scripts", "--no-audit", "--no-fund");
  writeFileSync(join(folder, "package.json"), JSON.stringify(shipped));
  rmSync(join(folder, "package-lock.json"));
  process.stdout.write(npm("sbom", "--sbom-format", "cyclonedx", "--sbom-type", "library"));
} finally {
  rmSync(home, { recursive: true, force: true });
}
