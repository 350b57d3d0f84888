import { execFileSync } from "node:child_process";
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

// Prints a CycloneDX list of what is installed along with the package, in the versions of package-lock.json. Peers are the application's.
// `npm sbom --omit dev` would do, were its answer not empty where nothing is installed but what is also there for development.
const { devDependencies, peerDependencies, peerDependenciesMeta, scripts, ...shipped } = JSON.parse(
  readFileSync("package.json", "utf8"),
);
const home = mkdtempSync(join(tmpdir(), "sbom-"));
const folder = join(home, shipped.name); // npm takes its name for the component's
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
