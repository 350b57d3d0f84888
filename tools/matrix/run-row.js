import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { unpackNode } from "./node-binary.js";
import { copyTree } from "./tree.js";
import { installedVersion, lowestVersions } from "./versions.js";

/** Does not run install scripts, which nobody has reviewed. Ignores version ranges, which a row breaks on purpose. */
const INSTALL = ["install", "--no-save", "--force", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"];

/**
 * Runs a row in a copy of the tree.
 *
 * @param {import("./rows.js").Row} row
 * @returns {Promise<{ name: string, versions: string, passed: number, problem?: string }>}
 */
export async function runRow(row) {
  const tree = copyTree(row.name);
  const nodes = mkdtempSync(join(tmpdir(), "latchkey-node-"));
  try {
    return { name: row.name, ...(await tryRow(row, tree, nodes)) };
  } catch (error) {
    return { name: row.name, versions: "", passed: 0, problem: error.message };
  } finally {
    for (const folder of [tree, nodes]) rmSync(folder, { recursive: true, force: true });
  }
}

async function tryRow(row, tree, nodes) {
  const env = { ...process.env, CI: "true", ...(row.quick ? { QUICK: "1" } : {}) }; // with CI, a missing server fails
  if (row.node) {
    const node = unpackNode(row.node, join(nodes, row.node));
    env.PATH = [join(node, "bin"), env.PATH].join(delimiter);
    const isOwn = (row.headers ?? row.node) === row.node;
    env.npm_config_nodedir = isOwn ? node : unpackNode(row.headers, join(nodes, row.headers));
  }
  const packages = row.lowest ? lowest() : (row.packages ?? {});
  const names = Object.keys(packages);
  if (names.length > 0)
    await command("npm", [...INSTALL, ...names.map((name) => `${name}@${packages[name]}`)], { cwd: tree, env });
  const compiled = [...(row.native ? ["better-sqlite3"] : []), ...names.filter((name) => name === "sqlite3")];
  if (compiled.length > 0) await command("npm", ["rebuild", ...compiled], { cwd: tree, env });

  const node = (await command("node", ["--version"], { cwd: tree, env })).trim();
  const versions = [`Node ${node}`, ...names.map((name) => `${name} ${installedVersion(tree, name)}`)].join(", ");
  const files = (row.tests ?? ["**/*"]).map((test) => `build/test/${test}.test.js`);
  // The house test checks the sources, which do not depend on the installed versions.
  const mocha = ["node_modules/mocha/bin/mocha.js", "--exit", "--ignore", "build/test/package/house.test.js", ...files];
  const report = await command("node", row.program ?? mocha, { cwd: tree, env }).catch((error) => error.message);
  const count = (word) => Number(new RegExp(`^ *(\\d+) ${word}`, "m").exec(report)?.[1] ?? 0);
  const isGreen = count("passing") > 0 && count("failing") === 0 && !report.startsWith("node ");
  return { versions, passed: count("passing"), ...(isGreen ? {} : { problem: report }) };
}

/**
 * Returns the lowest versions. Express is there twice, because tests of both majors import the lower one as express4.
 */
function lowest() {
  const versions = lowestVersions();
  return { ...versions, express4: `npm:express@${versions.express}` };
}

/** Runs a command. Resolves to its output, or rejects with an error that contains the output. */
function command(name, args, options) {
  return new Promise((resolve, reject) => {
    const child = spawn(name, args, { ...options, stdio: ["ignore", "pipe", "pipe"] });
    let printed = "";
    for (const stream of [child.stdout, child.stderr]) stream.on("data", (data) => (printed += data));
    child.once("error", reject);
    child.once("close", (code) => {
      if (code === 0) resolve(printed);
      else reject(new Error(`${name} ${args[0]} ended with ${code}:\n${printed}`));
    });
  });
}
