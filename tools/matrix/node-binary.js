import { execFileSync } from "node:child_process";
import { mkdirSync } from "node:fs";
import { join } from "node:path";

/**
 * Unpacks a Node from the registry, its headers too.
 *
 * @param {string} major
 * @param {string} folder where to
 * @returns {string} the folder that has `bin/node` and `include`
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
