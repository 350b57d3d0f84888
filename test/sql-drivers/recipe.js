import { execFile, fork } from "node:child_process";
import { randomUUID } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Browser } from "../../build/test/support/browser.js";

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
/** The programs that `npx` runs. */
const PROGRAMS = {
  prisma: here("node_modules/prisma/build/index.js"),
  "drizzle-kit": here("node_modules/drizzle-kit/bin.cjs"),
  tsc: here("../../node_modules/typescript/bin/tsc"),
};
const ANY_PORT = new URL("../../build/test/support/any-port.js", import.meta.url).href;

/** A folder with the files of a recipe, a database for them, and the commands of the recipe. */
export class Recipe {
  #folder = here(`generated/recipe-${randomUUID()}`);
  #env;
  #app;

  /** @param {string} name of the page @param {string} url of the database */
  constructor(name, url) {
    this.#env = {
      ...process.env,
      DATABASE_URL: url,
      PRISMA_SCHEMA_ENGINE_BINARY: here("schema-engine.js"),
      CHECKPOINT_DISABLE: "1",
      PRISMA_HIDE_UPDATE_MESSAGE: "1",
    };
    const [page, passwords] = [name, "passwords"].map((name) =>
      readFileSync(here(`../../docs/recipes/${name}.md`), "utf8"),
    );
    const blocks = [...page.matchAll(/^```(ts|prisma|sh)\n([\s\S]*?)^```$/gm)];
    const code = blocks.filter(([, language]) => language !== "sh").map(([, , text]) => text);
    /** The code blocks that do not name a file. */
    this.fragments = code.filter((text) => !text.startsWith("// "));
    /** The commands after the installation. */
    this.commands = blocks.flatMap(([, language, text]) => (language === "sh" ? text.trim().split("\n") : []));
    this.commands = this.commands.filter((command) => /^(npx|node) /.test(command));
    mkdirSync(this.#folder, { recursive: true });
    for (const text of code) {
      const [, file] = /^\/\/ (\S+)\n/.exec(text) ?? [];
      if (file) this.write(file, text);
    }
    this.write("passwords.ts", /^```ts\n([\s\S]*?)^```$/m.exec(passwords)[1]);
  }

  /** Writes a file. */
  write(file, text) {
    writeFileSync(join(this.#folder, file), text);
  }

  /** Replaces a text in a file. Throws if the file does not include the text. */
  edit(file, from, to) {
    const text = readFileSync(join(this.#folder, file), "utf8");
    if (!text.includes(from)) throw new Error(`${file} does not include ${from}`);
    this.write(file, text.replace(from, to));
  }

  /** Returns the path and the text of the newest migration with this name. */
  migration(name) {
    const files = readdirSync(join(this.#folder, "migrations"), { recursive: true }).filter((file) =>
      file.endsWith(".sql"),
    );
    const file = files
      .filter((file) => file.includes(`_${name}`))
      .sort()
      .at(-1);
    return (
      file && { file: join("migrations", file), text: readFileSync(join(this.#folder, "migrations", file), "utf8") }
    );
  }

  /** Runs a command, and resolves with its exit code and its output. */
  run(command) {
    const [runner, program, ...args] = command.split(" ");
    const file = runner === "npx" ? PROGRAMS[program] : program;
    if (program === "tsc") args.push("--ignoreConfig"); // Ignore the tsconfig of test/sql-drivers.
    return new Promise((done) => {
      const options = { cwd: this.#folder, env: this.#env };
      const child = execFile(process.execPath, [file, ...args], options, (error, stdout, stderr) =>
        done({ code: error ? error.code : 0, output: stdout + stderr, printed: stdout }),
      );
      child.stdin.end();
    });
  }

  /** Runs a command that must succeed, and resolves with its standard output. */
  async expect(command) {
    const { code, output, printed } = await this.run(command);
    if (code !== 0) throw new Error(`${command} ended with ${code}:\n${output}`);
    return printed;
  }

  /** Starts the program, and resolves with a browser for it. */
  async start(command) {
    const options = { cwd: this.#folder, env: this.#env, execArgv: ["--import", ANY_PORT] };
    this.#app = fork(join(this.#folder, command.split(" ")[1]), options);
    const port = await new Promise((found, failed) => {
      this.#app.once("message", found);
      this.#app.once("exit", (code) => failed(new Error(`${command} ended with ${code}`)));
    });
    return new Browser(`http://127.0.0.1:${port}`, { accept: "application/json" });
  }

  /** Ends the program, and removes the folder. */
  remove() {
    this.#app?.kill("SIGKILL");
    rmSync(this.#folder, { recursive: true });
  }
}
