import { type Answer, header } from "./answer.js";
import type { Outcome } from "./program-process.js";
import type { Spec } from "./spec.js";
import { ways } from "./ways/index.js";

/*
 * What must be the same with and without latchkey, said once.
 *
 * 1. Everything that the client receives: the status line, the headers with their names as written, the body, the trailers, whether it
 *    is whole, and what comes before and after it on the connection. Chunks and compressed bytes are compared by what they hold.
 * 2. Everything that the handler sees: what each call gives or throws, the state of the response after it, events and callbacks.
 * 3. Exceptions and rejections that nobody handles; and no process ends, and nothing hangs.
 *
 * Three headers are latchkey's own where the request used its session: its cookies; `Cookie` in `Vary`, which must be there; and a
 * `Cache-Control` that keeps a personal answer from shared caches. `Date` is left out.
 *
 * How much is sent of an answer that is cut depends on the moment, also without latchkey: what came of both must be the same, as far as
 * both came. That an answer is cut must be the same too.
 *
 * A save that fails replaces an answer that one `end` would have made, by a 503 that is whole. Any other answer is cut, with no byte of
 * it sent, and perhaps with an answer before it on the connection, which Express closes for such an error. What the handler sees then is not compared, as the error handler comes into it. Of an express-session only
 * crashes, hangs and faults are compared then, as it answers twice when its save fails.
 */

/** One aspect in which two outcomes differ. */
export interface Difference {
  aspect:
    | "crash"
    | "hang"
    | "faults"
    | "calls"
    | "events"
    | "pending"
    | "answers"
    | "head"
    | "body"
    | "end"
    | "own headers"
    | "failing save";
  without: string;
  with: string;
}

/** Headers that a 503 must not have. */
const LEFT_BEHIND = ["content-disposition", "content-range", "location", "trailer"];
const OUR_COOKIES = /^(sid|remember|flash|connect\.sid)=/;

export function compare(spec: Spec, without: Outcome, own: Outcome): Difference[] {
  const found: Difference[] = [];
  const differ = (aspect: Difference["aspect"], a: unknown, b: unknown) => {
    if (String(a) !== String(b)) found.push({ aspect, without: String(a), with: String(b) });
  };
  const { trace } = own;
  const hasFailed = trace.failures > 0;
  const canWait = spec.session !== "untouched";
  differ("crash", without.crashed, own.crashed);
  // A case that hangs without latchkey may be cut when the save fails.
  if (!(hasFailed && without.hung)) differ("hang", without.hung, own.hung);
  const faults = hasFailed ? trace.faults.filter((one) => !without.trace.faults.includes(one)) : trace.faults;
  differ("faults", hasFailed ? "" : list(without.trace.faults), list(faults));
  if (found.length > 0) return found;

  if (hasFailed && spec.sessions === "express-session") return found;
  if (hasFailed) {
    const problem = without.hung ? undefined : problemOfFailing(spec, without, own);
    if (problem) found.push({ aspect: "failing save", without: show(without), with: `${problem}: ${show(own)}` });
    return found;
  }
  // If the client leaves while an earlier answer is under way, it is random which of the two is cut.
  if (ways.get(spec.way)!.leaves && spec.client === "behind another request") return found;
  differ("calls", list(without.trace.calls), list(trace.calls));
  if (own.hung) return found; // the rest follows from the client's leaving then
  differ("events", list(eventsOf(without, canWait)), list(eventsOf(own, canWait)));
  differ("pending", list(without.trace.pending), list(trace.pending));
  compareAnswers(spec, without, own, differ);
  if (canWait) {
    const [, answer] = inOrder(spec, own.answers.filter(isFinal));
    const varies = !answer || /\bCookie\b/.test(header(answer.headers, "vary") ?? "");
    differ("own headers", "Vary: Cookie", varies ? "Vary: Cookie" : "none");
  }
  return found;
}

function compareAnswers(
  spec: Spec,
  without: Outcome,
  own: Outcome,
  differ: (aspect: Difference["aspect"], a: unknown, b: unknown) => void,
): void {
  for (const index of Array.from({ length: Math.max(without.answers.length, own.answers.length) }).keys()) {
    const [expected, given] = [without.answers[index], own.answers[index]];
    if (isCut(expected, without) && isCut(given, own)) {
      if (!expected || !given) return;
      const length = Math.min(expected.body.length, given.body.length);
      differ("head", headOf(expected), headOf(given, expected, spec));
      differ("body", bodyOf(expected, length), bodyOf(given, length));
      continue;
    }
    if (!expected || !given) break;
    differ("head", headOf(expected), headOf(given, expected, spec));
    differ("body", bodyOf(expected), bodyOf(given));
    differ("end", `${expected.isWhole} ${expected.trailers}`, `${given.isWhole} ${given.trailers}`);
  }
  differ("answers", `${without.answers.length} ${restOf(without)}`, `${own.answers.length} ${restOf(own)}`);
}

/** Did the connection end before the answer was complete? In HTTP/1.0 the bytes do not tell. */
function isCut(answer: Answer | undefined, outcome: Outcome): boolean {
  return !answer?.isWhole || !isFinished(outcome);
}

/** The errors in an outcome whose save failed. */
function problemOfFailing(spec: Spec, without: Outcome, own: Outcome): string | undefined {
  const [expectedBefore, expected, expectedAfter] = inOrder(spec, without.answers.filter(isFinal));
  const [before, given, after] = inOrder(spec, own.answers.filter(isFinal));
  const { madeBy } = without.trace;
  if (own.rest !== "" && without.rest === "") return "bytes that are no answer";
  const isReplaced = madeBy === "end" && expected?.isWhole && without.rest === "";
  if (isReplaced && expectedBefore && !before) return "the answer to the request before is missing";
  if (!given) return isReplaced ? "no 503 instead of the answer" : undefined;
  if (madeBy === undefined && !expected) return "an answer, where there was none";
  if (madeBy !== "end") return "some of the answer was sent";
  if (!given.line.includes(" 503 ")) return "not answered by 503";
  if (isReplaced && !given.isWhole) return "the 503 is not whole";
  const kept = LEFT_BEHIND.filter((name) => header(given.headers, name) !== undefined);
  if (kept.length > 0) return `the 503 has ${kept} of the answer that it replaces`;
  return expectedAfter && !after ? "the next request has no answer" : undefined;
}

/** The answers to the request before the case, to the request of the case, and to the request after it. */
function inOrder({ client }: Spec, answers: Answer[]): Array<Answer | undefined> {
  return client === "behind another request" ? answers : [undefined, ...answers];
}

/** Not an informational one. */
function isFinal({ line }: Answer): boolean {
  return !/^\S+ 1\d\d/.test(line);
}

function isFinished({ trace }: Outcome): boolean {
  return trace.events.some((event) => event.startsWith("finish, "));
}

/** While a save is under way, `finish` comes later than independent events: then the order is not compared. */
function eventsOf({ trace }: Outcome, canWait: boolean): string[] {
  return canWait ? trace.events.toSorted() : trace.events;
}

function restOf({ rest }: Outcome): string {
  return rest.replace(/Date: .*/g, "Date: ...");
}

/** The head without the parts that may differ. */
function headOf(answer: Answer, expected = answer, spec?: Spec): string {
  const kept = answer.headers.flatMap(([name, value]): Array<[string, string]> => {
    const lower = name.toLowerCase();
    if (lower === "date") return [[name, "..."]];
    if (lower === "set-cookie" && OUR_COOKIES.test(value)) return spec?.session === "untouched" ? [[name, value]] : [];
    if (!spec || spec.session === "untouched") return [[name, value]];
    if (lower === "vary") {
      const others = value.split(/, */).filter((one) => one !== "Cookie");
      return others.length > 0 ? [[name, others.join(", ")]] : [];
    }
    if (lower === "cache-control" && /\bprivate\b/.test(value)) {
      const theirs = header(expected.headers, "cache-control");
      return theirs === undefined ? [] : [[name, theirs]];
    }
    return [[name, value]];
  });
  return `${answer.line}\n${kept
    .map(([name, value]) => `${name}: ${value}`)
    .sort((a, b) => compareNames(a, b))
    .join("\n")}`;
}

function compareNames(a: string, b: string): number {
  const [left, right] = [a, b].map((line) => line.slice(0, line.indexOf(":")).toLowerCase()) as [string, string];
  return left < right ? -1 : left > right ? 1 : 0;
}

function bodyOf(answer: Answer, length = answer.body.length): string {
  const body = answer.body.subarray(0, length);
  return body.length > 300 ? `${body.length} bytes, ${body.toString("base64")}` : body.toString("latin1");
}

function list(lines: string[]): string {
  return lines.join("\n");
}

function show({ answers, rest }: Outcome): string {
  return (
    answers.map(({ line, isWhole, body }) => `${line}${isWhole ? "" : " (cut)"} ${body.subarray(0, 60)}`).join(" + ") +
    rest.slice(0, 100)
  );
}
