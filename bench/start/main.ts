import { readFileSync } from "node:fs";
import { type Machine, machineOf, PEERS } from "../harness/machine.js";
import type { Part } from "../harness/part.js";
import type { Spread } from "../harness/rounds.js";
import { spread, table, whole } from "../harness/table.js";
import { importTime, sizeOf } from "./imports.js";
import { bytesOf, dependenciesOf, type Installed, installedWith } from "./installed.js";

interface Entry {
  name: string;
  files: number;
  bytes: number;
  milliseconds: Spread;
}

interface StartResults {
  machine: Machine;
  times: number;
  entries: Entry[];
  installed: Array<Installed & { name: string }>;
}

const PEERS_FOLDER = "bench/peers";
const TIMES = { full: 15, quick: 5, smoke: 1 };

/** Measures the cost of importing each entry and of installing the package. */
export const start: Part<StartResults> = {
  name: "start",
  async run({ size, node }) {
    const times = TIMES[size];
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
    return { machine: await machineOf(node), times, entries, installed };
  },
  report({ times, entries, installed }) {
    const imports = entries.map(({ name, files, bytes, milliseconds }) => [
      `\`${name}\``,
      files,
      kilobytes(bytes),
      spread(milliseconds, 0),
    ]);
    const sizes = installed.map(({ name, packages, bytes }) => [name, packages, kilobytes(bytes)]);
    return `Importing an entry with the packages that it imports (median of ${times} processes):

${table(["", "own files", "KB", "milliseconds"], imports)}

An installation without peer dependencies:

${table(["", "packages", "KB on disk"], sizes)}`;
  },
};

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
