/** The circumstances in which a way of answering is tried. */
export const CIRCUMSTANCES = {
  /** What the handler has done with the session before it answers. */
  session: ["untouched", "changed", "new login", "restored login"],
  /** How the session's store behaves while an answer waits for it. */
  save: ["fast", "slow", "failing"],
  /** Where `compression()` is mounted, seen from the session. */
  compression: ["absent", "before", "after"],
  express: ["4", "5"],
  /** What the client sends: one request, one of HTTP/1.0, or two at once, of which the other is a plain one. */
  client: ["alone", "HTTP/1.0", "before another request", "behind another request"],
  /** Sessions of latchkey's own, or `login.middleware()` over an express-session. */
  sessions: ["latchkey", "express-session"],
} as const;

export type Circumstances = { [Name in keyof typeof CIRCUMSTANCES]: (typeof CIRCUMSTANCES)[Name][number] };

/** One case: a way of answering in its circumstances. */
export interface Spec extends Circumstances {
  way: string;
}

/** What the two programs are: the application with latchkey, or the same application without it. */
export type Role = "with latchkey" | "without latchkey";

/** What a handler saw of its response, and what happened in its process. */
export interface Trace {
  /** Each call, with what it returned or threw, and the state of the response after it. */
  calls: string[];
  /** Callbacks and events, in their order. */
  events: string[];
  /** Exceptions and rejections that nobody handled: each would have ended the process. */
  faults: string[];
  /** The call that made the head of the answer, where there is one. Known without latchkey only. */
  madeBy: string | undefined;
  /** How many calls of the store failed after the handler had begun. */
  failures: number;
  /** Nothing moved any more, but the response was not closed or the handler not done. */
  pending: string[];
}

/** What the parent sends to a program, and the program to its parent. */
export type Order = { settle: string; atOnce?: true } | { round: number };
export type Report =
  | { settled: string; trace: Trace }
  | { round: number; moves: Record<string, number> }
  | { entered: string };

/** Describes a case. */
export function describeCase(spec: Spec): string {
  const { way, ...circumstances } = spec;
  return `${way} | ${Object.values(circumstances).join(", ")}`;
}
