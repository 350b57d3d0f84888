import { writeFileSync } from "node:fs";
import { relative } from "node:path";
import Mocha from "mocha";
import { isQuick, leftOut } from "./tier.js";

/** The results of one test file. */
interface Took {
  ran: number;
  passed: number;
  milliseconds: number;
}

const SLOWEST = 10;
/** The real clock, because a test may have replaced it. */
const now = performance.now.bind(performance);

/**
 * Mocha's `spec`, and at the end how long each file took and what was left out. A file without any test fails, unless something was
 * left out. `RESULTS` names a file for the number of tests that passed, by file.
 */
class TierReporter extends Mocha.reporters.Spec {
  readonly #files: Map<string, Took>;
  readonly #began = process.uptime();

  constructor(runner: Mocha.Runner, options: Mocha.MochaOptions & { files: string[] }) {
    super(runner, options);
    this.#files = new Map(options.files.map((file) => [nameOf(file), { ran: 0, passed: 0, milliseconds: 0 }]));
    let began = 0;
    const took = ({ file }: { file?: string | undefined }) =>
      this.#files.get(nameOf(file ?? "")) ?? { ran: 0, passed: 0, milliseconds: 0 };
    runner.on("test end", (test) => void took(test).ran++);
    runner.on("pass", (test) => void took(test).passed++);
    runner.on("suite", (suite) => {
      if (suite.parent?.root) began = now();
    });
    runner.on("suite end", (suite) => {
      if (suite.parent?.root) took(suite).milliseconds += now() - began;
    });
  }

  /** Mocha calls this last, with the function that ends the process. */
  override done(failures: number, end: (failures: number) => void): void {
    const files = [...this.#files].sort(([, a], [, b]) => b.milliseconds - a.milliseconds);
    const empty = files.filter(([, { ran }]) => ran === 0).map(([file]) => file);
    if (files.length > 1) this.#printTimes(files.slice(0, isQuick ? SLOWEST : undefined));
    if (leftOut.size > 0) print("Left out:", [...leftOut].sort());
    if (empty.length > 0)
      print(
        "Files of which no test ran:",
        empty.map((file) => [file, ""]),
      );
    if (process.env.RESULTS)
      writeFileSync(
        process.env.RESULTS,
        JSON.stringify(Object.fromEntries(files.map(([file, { passed }]) => [file, passed]))),
      );
    end(failures + (leftOut.size > 0 ? 0 : empty.length));
  }

  #printTimes(files: Array<[string, Took]>): void {
    const rows = files.map(([file, { passed, milliseconds }]): [string, string] => [
      file,
      `${(milliseconds / 1000).toFixed(1).padStart(6)} s ${String(passed).padStart(5)} passed`,
    ]);
    print(isQuick ? `The ${SLOWEST} slowest files:` : "The time of each file:", [
      ...rows,
      ["(loading them all)", `${this.#began.toFixed(1).padStart(6)} s`],
    ]);
  }
}

function nameOf(file: string): string {
  return relative("build/test", file).replace(/\.test\.js$/, "");
}

function print(title: string, rows: Array<[string, string]>): void {
  const width = Math.max(...rows.map(([name]) => name.length)) + 2;
  console.log(`\n  ${title}`);
  for (const [name, text] of rows) console.log(`    ${name.padEnd(width)}${text}`.trimEnd());
}

// biome-ignore lint/style/noDefaultExport: Mocha wants it so
export default TierReporter;
