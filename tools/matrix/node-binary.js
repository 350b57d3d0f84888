import { execFileSync } from "node:child_process";
import { mkdirSync } from "node:fs";
import { join } from "node:path";

/**
 * Downloads a Node version from the npm registry and unpacks it, including its headers.
 *
 * @param {string} major
 * @param {string} folder the target folder
 * @returns {string} the folder that contains `bin/node` and `include`
 */
export function unpackNode(major, folder) {
  mkdirSync(folder);
  const name = `node-${process.platform}-${process.arch}@${major}`;
  const packed = execFileSync("npm", ["pack", name, "--json", "--pack-destination", folder], {
    encoding: "utf8",
    stdio: ["ignore", "pipe", "ignore"],
  });
  const [{ filename }] = Object.values(JSON.parse(packed));
  execFileSync("tar", ["-xzf", filename], { cwd: folder });
  return join(folder, "package");
}
