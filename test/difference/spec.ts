/** The circumstances in which a way to respond is tested. */
export const CIRCUMSTANCES = {
  /** What the handler does with the session before it responds. */
  session: ["untouched", "changed", "new login", "restored login"],
  /** How the store behaves while a response waits for the save. */
  save: ["fast", "slow", "failing"],
  /** Where `compression()` is mounted, relative to the session middleware. */
  compression: ["absent", "before", "after"],
  express: ["4", "5"],
  /** What the client sends: one request, one HTTP/1.0 request, or two at once, the other one for a plain page. */
  client: ["alone", "HTTP/1.0", "before another request", "behind another request"],
  /** latchkey's sessions, or `login.middleware()` over an express-session. */
  sessions: ["latchkey", "express-session"],
} as const;

export type Circumstances = { [Name in keyof typeof CIRCUMSTANCES]: (typeof CIRCUMSTANCES)[Name][number] };

/** One case: a way to respond, and its circumstances. */
export interface Spec extends Circumstances {
  way: string;
}

/** The two programs: the application with latchkey, and the same application without it. */
export type Role = "with latchkey" | "without latchkey";

/** What a handler saw of its response, and what happened in its process. */
export interface Trace {
  /** Each call, with what it returned or threw, and the state of the response after the call. */
  calls: string[];
  /** Callbacks and events, in order. */
  events: string[];
  /** Unhandled exceptions and rejections. Each of them would have ended the process. */
  faults: string[];
  /** The call that made the head of the response, if there is a head. Recorded only without latchkey. */
  madeBy: string | undefined;
  /** The number of store calls that failed after the handler started. */
  failures: number;
  /** What is still open after all activity has stopped: the response, the handler, or both. */
  pending: string[];
}

/** The messages that the parent process sends to a program, and that the program sends back. */
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
