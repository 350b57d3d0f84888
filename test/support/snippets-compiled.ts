import { execFile } from "node:child_process";
import { copyFileSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { pages, type Snippet, slugOf, snippetsOf } from "./snippets.js";

/**
 * The folder is inside this package, so that snippets can import `latchkey` by its name as users do. Each process has a
 * folder, because test files run in parallel.
 */
const FOLDER = `build/snippets-${process.pid}`;
process.on("exit", () => rmSync(FOLDER, { recursive: true, force: true }));
/** The files that programs on other pages import. */
const SHARED = [
  ...snippetsOf("docs/recipes/passwords.md").filter(({ file }) => file === "passwords.ts"),
  ...snippetsOf("docs/getting-started.md").filter(({ file }) => file === "accounts.ts"),
  ...snippetsOf("docs/moving.md").filter(({ file }) => file === "carry-over.ts"),
];
/** Programs that have their own user type. A compilation can have only one, so each of them is compiled alone. */
const ALONE = [
  ...["readme", "index", "operating", "recipes-prisma", "recipes-drizzle", "recipes-sign-up", "recipes-social-login"],
];

/** The error messages of the compiler for all snippets, or an empty string. Compiles the snippets only once. */
export function compiledSnippets(): Promise<string> {
  compiling ??= compile();
  return compiling;
}
let compiling: Promise<string> | undefined;

/** The path of a compiled file of a page's program. */
export async function programOf(page: string, file = "app.ts"): Promise<string> {
  await compiledSnippets();
  return resolve(FOLDER, ALONE.includes(slugOf(page)) ? "" : "programs", slugOf(page), file.replace(/ts$/, "js"));
}

async function compile(): Promise<string> {
  const snippets = pages().flatMap(snippetsOf);
  const inPrograms = new Set(snippets.filter(({ file }) => file).map(({ page }) => page));
  for (const snippet of snippets) write(snippet);
  for (const page of inPrograms) {
    for (const shared of SHARED) {
      const isNeeded = !ALONE.includes(slugOf(page)) || shared.file === "passwords.ts";
      if (isNeeded && shared.page !== page) write({ ...shared, page });
    }
  }
  copyFileSync("docs/given.d.ts", join(FOLDER, "fragments/given.d.ts"));
  copyFileSync("test/support/nestjs-packages.d.ts", join(FOLDER, "fragments/nestjs-packages.d.ts"));
  for (const project of ["fragments", "programs"])
    copyFileSync("test/support/not-installed.d.ts", join(FOLDER, project, "not-installed.d.ts"));
  for (const project of ["programs", "recipes-sign-up"])
    copyFileSync("test/support/better-sqlite3.d.ts", join(FOLDER, project, "better-sqlite3.d.ts"));
  for (const project of ["fragments", "recipes-prisma", "recipes-drizzle"])
    copyFileSync("test/support/prisma-and-drizzle.d.ts", join(FOLDER, project, "prisma-and-drizzle.d.ts"));
  const outcomes = await Promise.all(["fragments", "programs", ...ALONE].map(tsc));
  return outcomes.join("");
}

/**
 * Writes a snippet to a file. Each line has the same number as on its page, so compiler messages show the right line.
 */
function write({ page, line, code, file }: Snippet): void {
  const slug = slugOf(page);
  const folder = join(FOLDER, !file ? "fragments" : ALONE.includes(slug) ? slug : `programs/${slug}`);
  mkdirSync(folder, { recursive: true });
  const text = `${"\n".repeat(line - 1)}${code}export {};\n`;
  writeFileSync(join(folder, file ?? `${slug}-${line}.ts`), text);
}

function tsc(project: string): Promise<string> {
  const config = {
    extends: "../../../tsconfig.base.json",
    compilerOptions: {
      ...{
        rootDir: ".",
        outDir: ".",
        declaration: false,
        sourceMap: false,
        noUnusedLocals: false,
        noImplicitOverride: false,
      },
      ...{ noEmit: project === "fragments", types: ["node", "mocha"] },
    },
    include: ["."],
    exclude: [],
  };
  writeFileSync(join(FOLDER, project, "tsconfig.json"), JSON.stringify(config));
  const args = [resolve("node_modules/typescript/bin/tsc"), "-p", project, "--pretty", "false"];
  return new Promise((done) => {
    execFile(process.execPath, args, { cwd: FOLDER }, (error, stdout, stderr) => done(error ? stdout + stderr : ""));
  });
}
