import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";

/** The lowest published version of every range that users may install: peers, and what the package itself depends on. */
export function lowestVersions() {
  const { dependencies, peerDependencies } = JSON.parse(readFileSync("package.json", "utf8"));
  const ranges = Object.entries({ ...dependencies, ...peerDependencies });
  return Object.fromEntries(ranges.map(([name, range]) => [name, lowestOf(name, range)]));
}

/** @param {string} name @param {string} range */
function lowestOf(name, range) {
  const answer = JSON.parse(
    execFileSync("npm", ["view", `${name}@${range}`, "version", "--json"], { encoding: "utf8" }),
  );
  const versions = [answer].flat().filter((version) => !version.includes("-"));
  const [lowest] = versions.sort((a, b) => a.localeCompare(b, "en", { numeric: true }));
  if (!lowest) throw new Error(`no version of ${name} is in ${range}`);
  return lowest;
}

/** The version of a package that a tree has installed. @param {string} tree @param {string} name */
export function installedVersion(tree, name) {
  return JSON.parse(readFileSync(`${tree}/node_modules/${name}/package.json`, "utf8")).version;
}
