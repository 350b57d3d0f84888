// Packs the built package as test/fixtures/latchkey-format-<n>.tgz, without what is not needed to run it. The tests of
// rolling upgrades run this version beside the present one. test/fixtures/README.md says when to run it.
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** The maximum size of the fixture, in bytes. */
const LARGEST = 250_000;
const NEEDED = /^package\/(package\.json|LICENSE|dist\/.*\.js)$/;

const root = fileURLToPath(new URL("..", import.meta.url));
const [, FORMAT] = /\bFORMAT = (\d+)/.exec(readFileSync(join(root, "src/store/format.ts"), "utf8"));
const fixture = join(root, "test/fixtures", `latchkey-format-${FORMAT}.tgz`);
const dir = mkdtempSync(join(tmpdir(), "latchkey-fixture-"));
try {
  const options = ["--ignore-scripts", "--offline", "--silent", "--pack-destination", dir];
  execFileSync("npm", ["pack", ...options], { cwd: root, stdio: ["ignore", "ignore", "inherit"] });
  const [packed] = readdirSync(dir);
  execFileSync("tar", ["-xzf", packed], { cwd: dir });
  const entries = readdirSync(join(dir, "package"), { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile());
  const paths = files.map(({ parentPath, name }) => join(parentPath, name).slice(dir.length + 1));
  const needed = paths.filter((path) => NEEDED.test(path)).sort();
  mkdirSync(join(root, "test/fixtures"), { recursive: true });
  execFileSync("tar", ["-czf", fixture, ...needed], { cwd: dir });
} finally {
  rmSync(dir, { recursive: true });
}
const { size } = statSync(fixture);
if (size > LARGEST) throw new Error(`${fixture} has ${size} bytes, more than ${LARGEST}`);
process.stdout.write(`${fixture}: ${size} bytes\n`);
