import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import Mocha from "mocha";
import { STILL_OPEN } from "./still-open.js";
import { isQuick, LEFT_OUT } from "./tier.js";

/** The results of one test file. */
interface Took {
  ran: number;
  passed: number;
  milliseconds: number;
}

const SLOWEST = 10;
const folder = mkdtempSync(join(tmpdir(), "latchkey-tests-"));
// Set before any test file is loaded, in this process or in a worker.
process.env[LEFT_OUT] = join(folder, "left-out");
process.env[STILL_OPEN] = join(folder, "still-open");

/**
 * Mocha's `spec` reporter. It also prints how long each file took, and at the end which parts were left out. A file in
 * which no test ran is a failure unless something was left out. So is what a worker of a parallel run left open. If
 * `RESULTS` is set, the number of passed tests of each file is written to that path.
 */
class TierReporter extends Mocha.reporters.Spec {
  readonly #files: Map<string, Took>;
  readonly #began = process.uptime();

  constructor(runner: Mocha.Runner, options: Mocha.MochaOptions & { files: string[] }) {
    super(runner, options);
    this.#files = new Map(options.files.map((file) => [nameOf(file), { ran: 0, passed: 0, milliseconds: 0 }]));
    const none = { ran: 0, passed: 0, milliseconds: 0 };
    const took = ({ file }: { file?: string | undefined }) => this.#files.get(nameOf(file ?? "")) ?? none;
    const addTime = (one: Mocha.Test | Mocha.Hook) => {
      took(one).milliseconds += one.duration ?? 0;
    };
    runner.on("test end", (test) => void took(test).ran++);
    runner.on("pass", (test) => void took(test).passed++);
    runner.on("test end", addTime);
    runner.on("hook end", addTime);
  }

  /** Prints the times, and then Mocha's counts and failures. Failures come last, where everybody looks. */
  override epilogue(): void {
    if (this.#files.size > 1) this.#printTimes(this.#slowestFirst().slice(0, isQuick ? SLOWEST : undefined));
    super.epilogue();
  }

  /** Mocha calls this last, with the function that ends the process. */
  override done(failures: number, end: (failures: number) => void): void {
    const files = this.#slowestFirst();
    const empty = files.filter(([, { ran }]) => ran === 0).map(([file]) => file);
    const leftOut = leftOutParts();
    if (leftOut.length > 0) print("Left out:", leftOut);
    if (empty.length > 0) printNames("Files in which no test ran:", empty);
    const open = linesOf(STILL_OPEN);
    if (open.length > 0) printNames("Left open by a worker. Close these in the tests:", open);
    rmSync(folder, { recursive: true });
    if (process.env.RESULTS)
      writeFileSync(
        process.env.RESULTS,
        JSON.stringify(Object.fromEntries(files.map(([file, { passed }]) => [file, passed]))),
      );
    end(failures + open.length + (leftOut.length > 0 ? 0 : empty.length));
  }

  #slowestFirst(): Array<[string, Took]> {
    return [...this.#files].sort(([, a], [, b]) => b.milliseconds - a.milliseconds);
  }

  #printTimes(files: Array<[string, Took]>): void {
    const rows = files.map(([file, { passed, milliseconds }]): [string, string] => [
      file,
      `${seconds(milliseconds)} ${String(passed).padStart(5)} passed`,
    ]);
    if (isQuick) print(`The ${SLOWEST} slowest files:`, rows);
    else print("The time of each file:", [...rows, ["(loading them all)", seconds(this.#began * 1000)]]);
  }
}

function seconds(milliseconds: number): string {
  return `${(milliseconds / 1000).toFixed(1).padStart(6)} s`;
}

function nameOf(file: string): string {
  return relative("build/test", file).replace(/\.test\.js$/, "");
}

/** The parts that were left out, without duplicates, in alphabetical order. */
function leftOutParts(): Array<[string, string]> {
  return [...new Map<string, string>(linesOf(LEFT_OUT).map((line) => JSON.parse(line)))].sort();
}

/** The lines of the file whose path is in an environment variable. */
function linesOf(variable: string): string[] {
  const file = process.env[variable]!;
  return existsSync(file) ? readFileSync(file, "utf8").trim().split("\n") : [];
}

function printNames(title: string, names: string[]): void {
  print(
    title,
    names.map((name) => [name, ""]),
  );
}

function print(title: string, rows: Array<[string, string]>): void {
  const width = Math.max(...rows.map(([name]) => name.length)) + 2;
  console.log(`\n  ${title}`);
  for (const [name, text] of rows) console.log(`    ${name.padEnd(width)}${text}`.trimEnd());
}

// biome-ignore lint/style/noDefaultExport: Mocha requires a default export
export default TierReporter;
