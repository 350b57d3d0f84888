import type { Difference } from "./compare.js";
import type { Spec } from "./spec.js";

/** A difference that stays. docs/what-latchkey-changes.md lists each. */
export interface KnownDifference {
  what: string;
  reason: string;
  occurs(spec: Spec, difference: Difference): boolean;
  /** A case in which it occurs. */
  example: Spec;
  /** The major of Node from which on the example may turn out as without latchkey. */
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
    what: "`res.render` sets `Vary: Cookie`, whatever the template shows",
    reason: "A template may show the current user, so the user is loaded before it runs.",
    occurs: ({ way, session }, difference) =>
      way.startsWith("render") && session === "untouched" && isVaryAlone(difference),
    example: { ...USUAL, way: "render", session: "untouched" },
  },
  {
    what: "over an express-session, an answer whose head was refused, or is a list, may set `Vary: Cookie`",
    reason:
      "express-session reads `req.session` before the head is made, and latchkey takes this for a use of the session.",
    occurs: ({ session, sessions }, difference) =>
      session === "untouched" && sessions === "express-session" && isVaryAlone(difference),
    example: { ...USUAL, way: "writeHead: 99", session: "untouched", sessions: "express-session" },
  },
  {
    what: "if the connection closes while a save is pending, the response may look different when it emits `close`",
    reason: "The head of a whole answer is made after its save, and nobody receives it any more.",
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
      "A whole answer waits for its save before compression gets it. `writableEnded` is true at once, and the headers are the handler's.",
    occurs: ({ way, compression }, { aspect, ...calls }) =>
      compression === "before" &&
      aspect === "calls" &&
      (/^(reading headers after (end|send)$|the client leaves, )/.test(way) ||
        withoutEnds(calls.with) === withoutEnds(calls.without)),
    example: { ...USUAL, way: "send: a text", compression: "before" },
  },
  {
    what: "with `compression()`, an answer arrives whole when an error follows it; without latchkey it is cut",
    reason:
      "Express's error handler closes the connection, but closing waits for the answer, which waits for its save.",
    occurs: ({ way, compression }, { aspect }) =>
      compression !== "absent" &&
      /^(an exception|next\(error\)|the socket is destroyed|an error handler that always answers,) after (send|end)$/.test(
        way,
      ) &&
      ["events", "answers", "calls"].includes(aspect),
    example: { ...USUAL, way: "next(error) after send", compression: "before" },
  },
  {
    what: "a call that Node refuses is refused before a `compression()` mounted before latchkey sees it",
    reason:
      "latchkey asks Node first, so that the handler gets Node's error at the call. compression throws other errors, or ignores the call, or hangs.",
    occurs: ({ way, compression }) => compression === "before" && REFUSED.some((one) => one.test(way)),
    example: { ...USUAL, way: "writeHead after end", compression: "before" },
  },
  {
    what: "an answer can still follow a call with an unknown encoding",
    reason:
      "The call is refused before it has an effect; without latchkey the head, or the length of a chunk, is sent, and the answer hangs.",
    occurs: ({ way }) => /^(write|end): an unknown encoding/.test(way),
    example: { ...USUAL, way: "write: an unknown encoding; caught, and answered anew", compression: "after" },
    until: 24,
  },
  {
    what: "a listener that the handler adds with `on-headers` runs after the save",
    reason:
      "The head of a whole answer is made after its save. An exception of the listener goes to the error handler, and a status that it sets is visible after the save.",
    occurs: ({ way }) => /^on-headers: a listener that/.test(way),
    example: { ...USUAL, way: "on-headers: a listener that throws" },
  },
  {
    what: "with `strictContentLength`, a refused call does not count for the next one",
    reason: "A refused call has no effect. Node counts its bytes, and ignores the next `end` after it.",
    occurs: ({ way }) => /strictContentLength; caught/.test(way),
    example: {
      ...USUAL,
      way: "end: a body that is too short for strictContentLength; caught, and answered anew",
    },
  },
  {
    what: "early hints after `end` arrive before the answer",
    reason: "The answer waits for its save. Without latchkey they come after the answer, where no client expects them.",
    occurs: ({ way }) => /^writeEarlyHints after (end|send)/.test(way),
    example: { ...USUAL, way: "writeEarlyHints after end" },
    until: 24,
  },
  {
    what: "early hints of a request that is pipelined behind another wait for their turn",
    reason:
      "Node sends them at once, in the middle of the other answer, unless the response is held back at that moment.",
    occurs: ({ way, client }) => client === "behind another request" && /early hints|writeProcessing/.test(way),
    example: { ...USUAL, way: "early hints", session: "new login", client: "behind another request" },
    until: 24,
  },
  {
    what: "`cork()` after `end` holds back nothing",
    reason:
      "The answer is sent once the session is saved. Without latchkey a part of it may stay behind the cork for ever.",
    occurs: ({ way }) => /^cork after (end|send)$/.test(way),
    example: { ...USUAL, way: "cork after end", save: "fast", client: "before another request" },
    until: 24,
  },
  {
    what: "the callback of a second `end` may be called with an error, or without one, where it would be the other way round without latchkey",
    reason: "It depends on whether the answer is finished by then.",
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
    what: "if the handler, or Express because of an error after the answer, destroys the connection while a save is pending, the answer is lost",
    reason:
      "Without latchkey the answer is on its way by then. Other requests of this connection have no answer either.",
    occurs: ({ way }) =>
      /^(destroy|the socket is destroyed|an exception|next\(error\)|an error handler that always answers,) after (end|send)$/.test(
        way,
      ) || way === "pipeline: a source that fails at once",
    example: { ...USUAL, way: "an exception after end", express: "4", client: "before another request" },
    until: 24,
  },
  {
    what: "an invalid time for `setTimeout` of a request that is pipelined behind another does not make the connection hang",
    reason: "Node refuses it only when the connection is the response's turn, in the middle of its own work.",
    occurs: ({ way, client }, { aspect }) =>
      client === "behind another request" && way.startsWith("setTimeout: no number") && aspect === "hang",
    example: { ...USUAL, way: "setTimeout: no number", client: "behind another request", express: "4" },
    until: 24,
  },
  {
    what: "behind `compression()`, an error that replaces an answer may close the connection if that answer had no body or chose its `Transfer-Encoding`",
    reason: "Node may not send the error in chunks then, and compression takes its length away.",
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

/** Calls that compression accepts, and Node does not. */
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

/** The events, without what they tell of the head. */
function withoutHeads(events: string): string {
  return events.replace(/^close, (no head|head of [^,\n]*)/gm, "close");
}

/** The calls, without the state that tells whether the response has ended: a handler that checks it may end the response again. */
function withoutEnds(calls: string): string {
  return calls.replaceAll(", ended", "").replace(/\nend gave false.*$/, "");
}
