import type { Difference } from "./compare.js";
import type { Spec } from "./spec.js";

/** A difference that stays. docs/what-latchkey-changes.md lists it too. */
export interface KnownDifference {
  what: string;
  reason: string;
  occurs(spec: Spec, difference: Difference): boolean;
  /** A case in which it occurs. */
  example: Spec;
}

const USUAL = {
  session: "changed",
  save: "slow",
  compression: "absent",
  express: "5",
  client: "alone",
  sessions: "latchkey",
} as const;

export const knownDifferences: readonly KnownDifference[] = [
  {
    what: "`res.render` sets `Vary: Cookie`, whatever the template shows",
    reason: "a template may show the current user, and is given it before it runs",
    occurs: ({ way, session }, difference) =>
      way.startsWith("render") && session === "untouched" && isVaryAlone(difference),
    example: { ...USUAL, way: "render", session: "untouched" },
  },
  {
    what: "`writableEnded` is true as soon as `end` was called, also where `compression()` before latchkey sets it later",
    reason: "a whole answer waits for its save before it is given to compression",
    occurs: ({ compression }, { aspect, ...calls }) =>
      compression === "before" &&
      aspect === "calls" &&
      calls.with.replaceAll(", ended", "") === calls.without.replaceAll(", ended", ""),
    example: { ...USUAL, way: "send: a text", compression: "before" },
  },
];

function isVaryAlone({ aspect, ...heads }: Difference): boolean {
  return aspect === "head" && withoutVary(heads.with) === withoutVary(heads.without);
}

function withoutVary(head: string): string {
  return head.replace(/^Vary: .*\n/gm, "");
}
