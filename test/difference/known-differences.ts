import type { Difference } from "./compare.js";
import type { Spec } from "./spec.js";

/** A difference that is accepted. docs/what-latchkey-changes.md lists them all. */
export interface KnownDifference {
  what: string;
  reason: string;
  occurs(spec: Spec, difference: Difference): boolean;
  /** A case in which the difference occurs. */
  example: Spec;
  /** From this major version of Node on, the example may show no difference. */
  until?: number;
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
    what: "`res.render` sets `Vary: Cookie` for every template",
    reason: "A template may show the current user, so the user is loaded before the template runs.",
    occurs: ({ way, session }, difference) =>
      way.startsWith("render") && session === "untouched" && isVaryAlone(difference),
    example: { ...USUAL, way: "render", session: "untouched" },
  },
  {
    what: "over an express-session, a response may set `Vary: Cookie` if its head is rejected or is a list",
    reason:
      "express-session reads `req.session` before the head is made, and latchkey treats this as a use of the session.",
    occurs: ({ session, sessions }, difference) =>
      session === "untouched" && sessions === "express-session" && isVaryAlone(difference),
    example: { ...USUAL, way: "writeHead: 99", session: "untouched", sessions: "express-session" },
  },
  {
    what: "if the connection closes during a save, the head may be missing when the response emits `close`",
    reason: "The head of a complete response is made after the save, when nobody can receive it.",
    occurs: (_spec, { aspect, ...events }) =>
      aspect === "events" &&
      /destroyed/.test(events.with) &&
      withoutHeads(events.with) === withoutHeads(events.without),
    example: {
      ...USUAL,
      way: "pipeline: a source that fails at once",
      session: "restored login",
      save: "fast",
      compression: "before",
    },
    until: 24,
  },
  {
    what: "when `end` returns, a `compression()` mounted before latchkey has not changed the response yet",
    reason:
      "compression gets a complete response after the save. `writableEnded` is true, but the headers are unchanged.",
    occurs: ({ way, compression }, { aspect, ...calls }) =>
      compression === "before" &&
      aspect === "calls" &&
      (/^(reading headers after (end|send)$|the client leaves, )/.test(way) ||
        withoutEnds(calls.with) === withoutEnds(calls.without)),
    example: { ...USUAL, way: "send: a text", compression: "before" },
  },
  {
    what: "with `compression()`, a response is complete even if an error follows; without latchkey it is cut off",
    reason: "Express's error handler closes the connection, but the close waits for the response and its save.",
    occurs: ({ way, compression }, { aspect }) =>
      compression !== "absent" &&
      /^(an exception|next\(error\)|the socket is destroyed|an error handler that always responds,) after (send|end)$/.test(
        way,
      ) &&
      ["events", "answers", "calls"].includes(aspect),
    example: { ...USUAL, way: "next(error) after send", compression: "before" },
  },
  {
    what: "a call that Node rejects does not reach a `compression()` mounted before latchkey",
    reason: "latchkey calls Node first, for Node's error. compression throws other errors, ignores the call, or hangs.",
    occurs: ({ way, compression }) => compression === "before" && REFUSED.some((one) => one.test(way)),
    example: { ...USUAL, way: "writeHead after end", compression: "before" },
  },
  {
    what: "the handler can still respond after a call with an unknown encoding",
    reason: "latchkey rejects the call before any effect. Without latchkey, the response starts and then hangs.",
    occurs: ({ way }) => /^(write|end): an unknown encoding/.test(way),
    example: { ...USUAL, way: "write: an unknown encoding; caught, then another response", compression: "after" },
    until: 24,
  },
  {
    what: "a listener that the handler adds with `on-headers` runs after the save",
    reason: "The head is made after the save, so exceptions and status changes of the listener come later.",
    occurs: ({ way }) => /^on-headers: a listener that/.test(way),
    example: { ...USUAL, way: "on-headers: a listener that throws" },
  },
  {
    what: "with `strictContentLength`, a rejected call does not affect the next call",
    reason: "A rejected call has no effect. Node counts its bytes, and ignores the next `end`.",
    occurs: ({ way }) => /strictContentLength; caught/.test(way),
    example: {
      ...USUAL,
      way: "end: a body that is too short for strictContentLength; caught, then another response",
    },
  },
  {
    what: "early hints after `end` arrive before the response",
    reason: "The response waits for the save. Without latchkey, the hints arrive after the response, too late.",
    occurs: ({ way }) => /^writeEarlyHints after (end|send)/.test(way),
    example: { ...USUAL, way: "writeEarlyHints after end" },
    until: 24,
  },
  {
    what: "early hints of a pipelined request wait for the turn of the request",
    reason: "Node sends the hints at once, in the middle of the other response, unless their response is held back.",
    occurs: ({ way, client }) => client === "behind another request" && /early hints|writeProcessing/.test(way),
    example: { ...USUAL, way: "early hints", session: "new login", client: "behind another request" },
    until: 24,
  },
  {
    what: "`cork()` after `end` has no effect",
    reason: "The response is sent after the save. Without latchkey, a part of the response may never be sent.",
    occurs: ({ way }) => /^cork after (end|send)$/.test(way),
    example: { ...USUAL, way: "cork after end", save: "fast", client: "before another request" },
    until: 24,
  },
  {
    what: "the callback of a second `end` may get an error only with latchkey, or only without latchkey",
    reason: "It depends on whether the response is already finished.",
    occurs: ({ way }, { aspect }) => /^end with a callback alone after (end|send)$/.test(way) && aspect === "events",
    example: {
      ...USUAL,
      way: "end with a callback alone after end",
      session: "new login",
      save: "fast",
      compression: "after",
      express: "4",
    },
    until: 24,
  },
  {
    what: "a response is lost if the connection is destroyed during the save",
    reason: "Without latchkey, the response is already sent. Other requests of the connection get no response either.",
    occurs: ({ way }) =>
      /^(destroy|the socket is destroyed|an exception|next\(error\)|an error handler that always responds,) after (end|send)$/.test(
        way,
      ) || way === "pipeline: a source that fails at once",
    example: { ...USUAL, way: "an exception after end", express: "4", client: "before another request" },
    until: 24,
  },
  {
    what: "an invalid time for `setTimeout` of a pipelined request does not make the connection hang",
    reason: "Node rejects the time only at the response's turn on the connection, in the middle of its own work.",
    occurs: ({ way, client }, { aspect }) =>
      client === "behind another request" && way.startsWith("setTimeout: no number") && aspect === "hang",
    example: { ...USUAL, way: "setTimeout: no number", client: "behind another request", express: "4" },
    until: 24,
  },
  {
    what: "behind `compression()`, an error that replaces a response may close the connection",
    reason: "If the response had no body or its own `Transfer-Encoding`, the error has neither chunks nor a length.",
    occurs: ({ compression, save, client }, { aspect }) =>
      compression === "before" &&
      save === "failing" &&
      client === "before another request" &&
      aspect === "failing save",
    example: {
      ...USUAL,
      way: "send: 204 with a body",
      save: "failing",
      compression: "before",
      client: "before another request",
    },
    until: 24,
  },
];

/** Calls that compression accepts, but Node rejects. */
const REFUSED = [
  /^(write|end): an unknown encoding/,
  /^end: with a callback alone$/,
  /^writeHead (rounds )?after /,
  /^(end|write)( of a number| of nothing| with a callback alone)? (rounds )?after (end|send)$/,
];

function isVaryAlone({ aspect, ...heads }: Difference): boolean {
  return aspect === "head" && withoutVary(heads.with) === withoutVary(heads.without);
}

function withoutVary(head: string): string {
  return head.replace(/^Vary: .*\n?/gm, "");
}

/** The events without the state of the head. */
function withoutHeads(events: string): string {
  return events.replace(/^close, (no head|head of [^,\n]*)/gm, "close");
}

/** The calls without the state "ended", and without a second `end` of a handler that checks this state. */
function withoutEnds(calls: string): string {
  return calls.replaceAll(", ended", "").replace(/\nend returned false.*$/, "");
}
