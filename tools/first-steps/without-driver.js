import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { unpackNode } from "../matrix/node-binary.js";
import { expectAnswer, Visitor } from "./visit.js";

/** The Node version that has node:sqlite. */
const MAJOR = "24";

const PROGRAM = `import express from "express";
import { LoginManager, currentUser, loginRequired, loginUser } from "latchkey";
import { openStore } from "latchkey/stores";

const app = express();
const ann = { id: "1", name: "Ann" };
const login = new LoginManager({
  secret: "a secret of this program that is long enough, 8f3a1c",
  store: await openStore("sqlite:./sessions.db"),
  userLoader: (id) => (id === ann.id ? ann : null),
});
login.init(app);
app.post("/login", async (req, res) => {
  await loginUser(req, ann);
  res.send("welcome");
});
app.get("/", loginRequired(), async (req, res) => res.send((await currentUser(req)).name));
const server = app.listen(0, "127.0.0.1", () => console.log(server.address().port));
`;

/**
 * Keeps a login in SQLite with only the package and Express installed, and finds it again after a restart.
 *
 * @param {string} home the folder for all files
 * @param {string} tarball the packed package
 */
export async function keepWithoutDriver(home, tarball) {
  const folder = join(home, "without-driver");
  mkdirSync(folder);
  const node = join(unpackNode(MAJOR, join(home, "node")), "bin/node");
  writeFileSync(join(folder, "package.json"), '{ "private": true, "type": "module" }');
  execFileSync("npm", ["install", "--no-audit", "--no-fund", "express@5", tarball], { cwd: folder, stdio: "pipe" });
  const installed = readdirSync(join(folder, "node_modules"));
  const drivers = ["better-sqlite3", "sqlite3", "typeorm"].filter((name) => installed.includes(name));
  if (drivers.length > 0) throw new Error(`the package installed ${drivers.join(", ")}`);
  writeFileSync(join(folder, "app.js"), PROGRAM);

  const visitor = new Visitor("");
  await withProgram(node, folder, async (origin) => {
    visitor.origin = origin;
    expectAnswer(await visitor.ask("/login", {}), 200, "welcome");
    expectAnswer(await visitor.ask("/"), 200, "Ann");
  });
  await withProgram(node, folder, async (origin) => {
    visitor.origin = origin;
    expectAnswer(await visitor.ask("/"), 200, "Ann");
  });
}

/** Runs the program while `use` runs. */
async function withProgram(node, cwd, use) {
  const program = spawn(node, ["app.js"], { cwd, stdio: ["ignore", "pipe", "pipe"] });
  try {
    let printed = "";
    program.stderr.on("data", (data) => (printed += data));
    const ended = once(program, "exit").then(() => Promise.reject(new Error(`the program exited:\n${printed}`)));
    ended.catch(() => {}); // the program is stopped later
    const [port] = await Promise.race([once(program.stdout, "data"), ended]);
    await use(`http://127.0.0.1:${String(port).trim()}`);
  } finally {
    program.kill();
  }
}
