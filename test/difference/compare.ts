import { type Answer, header } from "./answer.js";
import type { Outcome } from "./program-process.js";
import type { Spec } from "./spec.js";
import { ways } from "./ways/index.js";

/*
 * These must be the same with and without latchkey:
 *
 * 1. Everything that the client receives: the status line, the headers with the spelling of their names, the body, the
 *    trailers, whether the response is complete, and what comes before and after the response on the connection. For
 *    chunks and compressed bytes, the content is compared.
 * 2. Everything that the handler sees: what each call returns or throws, the state of the response after the call,
 *    events and callbacks.
 * 3. Unhandled exceptions and rejections, crashes and hangs.
 *
 * If the request used its session, three headers may differ: latchkey's cookies; `Vary`, which must contain `Cookie`;
 * and a `Cache-Control` that keeps a personal response out of shared caches. `Date` is not compared.
 *
 * If a response is cut off, it depends on timing how much of it is sent, even without latchkey. Then the two responses
 * are compared up to the end of the shorter one. Both must be cut off.
 *
 * If the save fails, a response that one `end` would have made is replaced by a complete 503. Any other response is cut
 * off before its first byte. An earlier response on the connection may be cut off too, because Express closes the
 * connection after such an error. What the handler sees is not compared, because the error handler runs too. With an
 * express-session, only crashes, hangs and faults are compared, because it responds twice if its save fails.
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
  // A case that hangs without latchkey may be cut off if the save fails.
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
  // If the client leaves during an earlier response, it is random which of the two responses is cut off.
  if (ways.get(spec.way)!.leaves && spec.client === "behind another request") return found;
  differ("calls", list(without.trace.calls), list(trace.calls));
  if (own.hung) return found; // the client then leaves, so the rest differs anyway
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

/** Did the connection end before the response was complete? In HTTP/1.0 the bytes do not show it. */
function isCut(answer: Answer | undefined, outcome: Outcome): boolean {
  return !answer?.isWhole || !isFinished(outcome);
}

/** Returns what is wrong with an outcome whose save failed. */
function problemOfFailing(spec: Spec, without: Outcome, own: Outcome): string | undefined {
  const [expectedBefore, expected, expectedAfter] = inOrder(spec, without.answers.filter(isFinal));
  const [before, given, after] = inOrder(spec, own.answers.filter(isFinal));
  const { madeBy } = without.trace;
  if (own.rest !== "" && without.rest === "") return "bytes that are not a response";
  const isReplaced = madeBy === "end" && expected?.isWhole && without.rest === "";
  if (isReplaced && expectedBefore && !before) return "the response to the previous request is missing";
  if (!given) return isReplaced ? "no 503 instead of the response" : undefined;
  if (madeBy === undefined && !expected) return "a response, but none without latchkey";
  if (madeBy !== "end") return "a part of the response was sent";
  if (!given.line.includes(" 503 ")) return "the response is not a 503";
  if (isReplaced && !given.isWhole) return "the 503 is not complete";
  const kept = LEFT_BEHIND.filter((name) => header(given.headers, name) !== undefined);
  if (kept.length > 0) return `the 503 has ${kept} of the response that it replaces`;
  return expectedAfter && !after ? "the next request has no response" : undefined;
}

/** The responses to the request before the case, to the request of the case, and to the request after it. */
function inOrder({ client }: Spec, answers: Answer[]): Array<Answer | undefined> {
  return client === "behind another request" ? answers : [undefined, ...answers];
}

/** Is this the final response, not an informational one? */
function isFinal({ line }: Answer): boolean {
  return !/^\S+ 1\d\d/.test(line);
}

function isFinished({ trace }: Outcome): boolean {
  return trace.events.some((event) => event.startsWith("finish, "));
}

/** If a save may delay `finish`, the order of the events is not compared. */
function eventsOf({ trace }: Outcome, canWait: boolean): string[] {
  return canWait ? trace.events.toSorted() : trace.events;
}

function restOf({ rest }: Outcome): string {
  return rest.replace(/Date: .*/g, "Date: ...");
}

/** The head without the parts that are allowed to differ. */
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
