import { readFileSync } from "node:fs";
import { type Machine, machineOf, PEERS } from "../harness/machine.js";
import type { Part } from "../harness/part.js";
import type { Spread } from "../harness/rounds.js";
import { spread, table, whole } from "../harness/table.js";
import { importTime, importTimes, sizeOf } from "./imports.js";
import { bytesOf, dependenciesOf, type Installed, installedWith } from "./installed.js";
import { storeTimes } from "./stores.js";

interface Entry {
  name: string;
  files: number;
  bytes: number;
  milliseconds: Spread;
}

interface StartResults {
  machine: Machine;
  times: number;
  /** Importing each package in a process that has imported Express, in turns; `ratio` is to express-session. */
  packages: Array<{ name: string; milliseconds: Spread; ratio: Spread }>;
  entries: Entry[];
  /** `openStore` until it resolves, in a process that has imported it. */
  stores: Array<{ kind: string; milliseconds: Spread }>;
  installed: Array<Installed & { name: string }>;
}

const PEERS_FOLDER = "bench/peers";
const TIMES = { full: 15, quick: 5, smoke: 1 };

/** Measures the cost of importing each entry and of installing the package. */
export const start: Part<StartResults> = {
  name: "start",
  async run({ size, node }) {
    const times = TIMES[size];
    const packages = importTimes(["express-session", "passport", "latchkey"], { node, times });
    const stores = await storeTimes({ node, times });
    const entries = entriesOf().map(({ name, file }) => {
      return { name, ...sizeOf(file), milliseconds: importTime(name, { node, times }) };
    });
    const own = installedWith(dependenciesOf("."), ".");
    const installed = [
      { name: "latchkey", packages: own.packages + 1, bytes: own.bytes + ownBytes() },
      { name: "express-session", ...installedWith(["express-session"], ".") },
      {
        name: "passport + passport-local + express-session",
        ...installedWith(["passport", "passport-local", "express-session"], "."),
      },
      ...PEERS.map((name) => ({ name, ...installedWith([name], PEERS_FOLDER) })),
    ];
    return { machine: await machineOf(node), times, packages, entries, stores, installed };
  },
  report({ times, packages, entries, stores, installed }) {
    const imports = entries.map(({ name, files, bytes, milliseconds }) => [
      `\`${name}\``,
      files,
      kilobytes(bytes),
      spread(milliseconds, 0),
    ]);
    const sizes = installed.map(({ name, packages, bytes }) => [name, packages, kilobytes(bytes)]);
    return `Importing a package in a process that has imported Express (median of ${times} processes, with the range):

${packagesTable(packages)}

Opening a store of each kind, with the import of its driver:

${table(
  ["", "milliseconds"],
  stores.map(({ kind, milliseconds }) => [kind, spread(milliseconds, 1)]),
)}

Importing an entry alone, with the packages that it imports:

${table(["", "own files", "KB", "milliseconds"], imports)}

An installation without peer dependencies:

${table(["", "packages", "KB on disk"], sizes)}`;
  },
  page({ packages }) {
    return packagesTable(packages);
  },
};

function packagesTable(packages: StartResults["packages"]): string {
  const rows = packages.map(({ name, milliseconds, ratio }) => [name, spread(milliseconds, 1), spread(ratio, 1)]);
  return table(["", "milliseconds", "× express-session"], rows);
}

function entriesOf(): Array<{ name: string; file: string }> {
  const { exports } = JSON.parse(readFileSync("package.json", "utf8")) as {
    exports: Record<string, { default?: string }>;
  };
  return Object.entries(exports).flatMap(([path, { default: file }]) =>
    file ? [{ name: `latchkey${path.slice(1)}`, file }] : [],
  );
}

/** Returns the size of the published folders, in bytes. */
function ownBytes(): number {
  return ["dist", "src", "stores"].reduce((sum, folder) => sum + bytesOf(folder), 0);
}

function kilobytes(bytes: number): string {
  return whole(bytes / 1000);
}
