import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { credentialsIn, portIn, readPage } from "./page.js";
import { expectAnswer, Visitor } from "./visit.js";
import { keepWithoutDriver } from "./without-driver.js";

// Follows the first steps of the documentation, from an empty folder to a guarded page, with the packed package.
// Then keeps a login in SQLite without a driver package, as described in docs/choosing-a-store.md.
const PAGES = ["docs/getting-started.md", "README.md"];
/** The time limit of a step, in milliseconds. */
const LIMIT = 300_000;

const home = mkdtempSync(join(tmpdir(), "latchkey-first-steps-"));
let program;
try {
  const [{ filename }] = Object.values(
    JSON.parse(
      execFileSync("npm", ["pack", "--json", "--pack-destination", home], { encoding: "utf8" }).replace(/^[^[{]*/, ""),
    ),
  );
  for (const page of PAGES) await follow(page, join(home, filename));
  console.log("SQLite, without a driver package");
  await step("a login is kept over a restart", () => keepWithoutDriver(home, join(home, filename)));
} catch (error) {
  console.error(error.message);
  process.exitCode = 1;
} finally {
  rmSync(home, { recursive: true, force: true });
}

async function follow(page, tarball) {
  console.log(page);
  const { install, files, compile, start } = readPage(page);
  const folder = join(home, basename(page, ".md").toLowerCase()); // must be a valid package name
  mkdirSync(folder);
  const run = (line) =>
    execFileSync(line, { cwd: folder, shell: true, stdio: ["ignore", "pipe", "pipe"], timeout: LIMIT });
  const port = await freePort();
  const visitor = new Visitor(`http://localhost:${port}`);
  const credentials = credentialsIn(files);
  const began = Date.now();
  try {
    for (const line of install) await step(line, () => run(line.replace(/\blatchkey\b/, tarball)));
    for (const { name, code } of files) {
      await step(name, () => writeFileSync(join(folder, name), code.replaceAll(portIn(files), String(port))));
    }
    for (const line of compile) await step(line, () => run(line));
    await step(start, () => begin(start, folder));
    await step("the guard redirects to the login page, with the next page in the URL", async () => {
      expectAnswer(await visitor.ask("/"), 302, "/login?next=%2F");
      expectAnswer(await visitor.ask("/login?next=%2F"), 200, "<form");
    });
    await step("the login redirects to the guarded page", async () => {
      expectAnswer(await visitor.ask("/login?next=%2F", { ...credentials, password: "wrong" }), 401, "");
      expectAnswer(await visitor.ask("/login?next=%2F", credentials), 302, "/");
      expectAnswer(await visitor.ask("/"), 200, credentials.email);
    });
    await step("the logout ends the login", async () => {
      expectAnswer(await visitor.ask("/logout", {}), 302, "/login");
      expectAnswer(await visitor.ask("/"), 302, "/login");
    });
  } finally {
    program?.kill();
  }
  console.log(`${seconds(began)}  in total\n`);
}

async function step(name, take) {
  const began = Date.now();
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`not finished after ${LIMIT / 1000} s`)), LIMIT);
  });
  try {
    await Promise.race([take(), late]);
  } catch (error) {
    throw new Error(`FAILED  ${name}\n${error.stdout ?? ""}${error.stderr ?? ""}${error.message}`);
  } finally {
    clearTimeout(timer);
  }
  console.log(`${seconds(began)}  ${name}`);
}

function seconds(began) {
  return `${((Date.now() - began) / 1000).toFixed(1)} s`.padStart(8);
}

/** Starts the program, and waits until it prints its address. */
async function begin(line, cwd) {
  const [name, ...args] = line.split(" ");
  program = spawn(name, args, { cwd, stdio: ["ignore", "pipe", "inherit"] });
  const ended = once(program, "exit").then(([code]) => Promise.reject(new Error(`the program exited with ${code}`)));
  await Promise.race([once(program.stdout, "data"), ended]);
  ended.catch(() => {}); // the program is stopped later
}

async function freePort() {
  const server = createServer().listen(0);
  await once(server, "listening");
  const { port } = server.address();
  server.close();
  return port;
}
