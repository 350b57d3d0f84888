import { readFileSync } from "node:fs";
import { readdir, readFile } from "node:fs/promises";
import { SourceMap, type SourceMapPayload } from "node:module";
import { dirname, join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";

/** A node of a `.cpuprofile`: a function that its parent called. */
interface CallNode {
  id: number;
  callFrame: { functionName: string; url: string; lineNumber: number; columnNumber: number };
  children?: number[];
}

/** The file that Node's `--cpu-prof` writes. Times are microseconds of the monotonic clock. */
interface CpuProfile {
  nodes: CallNode[];
  samples: number[];
  timeDeltas: number[];
  startTime: number;
}

/** Microseconds by group of modules. */
export type SelfTimes = Record<string, number>;

/** The maximum length of a sample, in microseconds. In a longer one, the process was suspended or waited for a core. */
const LONGEST = 5000;
const OWN_ROWS = ["lru-cache", "ms"];
const SESSIONS = [
  "express-session",
  "passport",
  "uid-safe",
  "random-bytes",
  "cookie-signature",
  "utils-merge",
  "pause",
];

/** Returns the self time between two times, without idle time, from the only profile in a folder. */
export async function selfTimesIn(folder: string, [from, to]: readonly [number, number]): Promise<SelfTimes> {
  const [file] = await readdir(folder);
  const profile = JSON.parse(await readFile(join(folder, file!), "utf8")) as CpuProfile;
  const groups = groupsOf(profile.nodes);
  const times: SelfTimes = {};
  let now = profile.startTime;
  for (const [i, id] of profile.samples.entries()) {
    now += profile.timeDeltas[i]!;
    if (now < from || now > to) continue;
    const group = groups.get(id)!;
    // The stack counts as unchanged until the next sample.
    const lasted = Math.min(profile.timeDeltas[i + 1] ?? 0, LONGEST);
    if (group !== "idle") times[group] = (times[group] ?? 0) + lasted;
  }
  return times;
}

/** Returns the group of each node. A JavaScript built-in, such as JSON.parse, belongs to the group of its caller. */
function groupsOf(nodes: CallNode[]): Map<number, string> {
  const byId = new Map(nodes.map((node) => [node.id, node]));
  const groups = new Map<number, string>();
  const visit = (node: CallNode, caller: string) => {
    const group = groupOf(node.callFrame) ?? caller;
    groups.set(node.id, group);
    for (const child of node.children ?? []) visit(byId.get(child)!, group);
  };
  visit(nodes[0]!, "native code");
  return groups;
}

function groupOf({ functionName, url, ...place }: CallNode["callFrame"]): string | undefined {
  if (functionName === "(garbage collector)") return "garbage collector";
  if (functionName === "(program)") return "native code";
  if (functionName === "(idle)") return "idle";
  if (url === "") return undefined;
  if (url.startsWith("node:")) return "Node's JavaScript";
  const [, name] = /.*\/node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(url) ?? [];
  if (name) {
    if (OWN_ROWS.includes(name)) return name;
    return SESSIONS.includes(name) ? "express-session and Passport" : "Express and its packages";
  }
  return url.includes("/dist/") ? sourceOf(fileURLToPath(url), place) : "the application";
}

const maps = new Map<string, SourceMap>();

/** Returns the source file of a place in a compiled file, relative to the project. */
function sourceOf(file: string, place: { lineNumber: number; columnNumber: number }): string | undefined {
  if (!maps.has(file)) {
    maps.set(file, new SourceMap(JSON.parse(readFileSync(`${file}.map`, "utf8")) as SourceMapPayload));
  }
  const entry = maps.get(file)!.findEntry(place.lineNumber, place.columnNumber);
  return "originalSource" in entry ? relative(".", resolve(dirname(file), entry.originalSource)) : undefined;
}
