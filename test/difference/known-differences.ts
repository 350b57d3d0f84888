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
    reason: "A template may show the current user, and is given it before it runs.",
    occurs: ({ way, session }, difference) =>
      way.startsWith("render") && session === "untouched" && isVaryAlone(difference),
    example: { ...USUAL, way: "render", session: "untouched" },
  },
  {
    what: "`compression()` before latchkey has not changed the response yet when `end` returns",
    reason:
      "A whole answer waits for its save before compression gets it. `writableEnded` is true at once, and the headers are those of the handler.",
    occurs: ({ way, compression }, { aspect, ...calls }) =>
      compression === "before" &&
      aspect === "calls" &&
      (/^(reading headers after (end|send)$|the client leaves, )/.test(way) ||
        withoutEnds(calls.with) === withoutEnds(calls.without)),
    example: { ...USUAL, way: "send: a text", compression: "before" },
  },
  {
    what: "An answer arrives whole when an error follows it, where one that `compression()` makes would have been cut",
    reason: "Express's handler closes the connection, which waits for an answer that waits for its save.",
    occurs: ({ way, compression }, { aspect }) =>
      compression !== "absent" &&
      /^(an exception|next\(error\)|the socket is destroyed|an error handler that always answers,) after (send|end)$/.test(
        way,
      ) &&
      ["events", "answers", "calls"].includes(aspect),
    example: { ...USUAL, way: "next(error) after send", compression: "before" },
  },
  {
    what: "What Node refuses is refused before `compression()` before latchkey sees it",
    reason:
      "latchkey asks Node first, so that the handler gets Node's error at the call. compression throws other errors, or ignores the call, or hangs.",
    occurs: ({ way, compression }) => compression === "before" && REFUSED.some((one) => one.test(way)),
    example: { ...USUAL, way: "writeHead after end", compression: "before" },
  },
  {
    what: "After a call with an unknown encoding `compression()` after latchkey still answers",
    reason:
      "The first write is refused before it has an effect; without latchkey the head is made and the answer hangs.",
    occurs: ({ way, compression }) => compression === "after" && /^(write|end): an unknown encoding/.test(way),
    example: { ...USUAL, way: "write: an unknown encoding; caught, and answered anew", compression: "after" },
  },
  {
    what: "A listener of `on-headers` that the handler adds runs after the save",
    reason:
      "The head of a whole answer is made after its save. What the listener throws goes to the error handler, and a status that it sets is seen after it.",
    occurs: ({ way }) => /^on-headers: a listener that/.test(way),
    example: { ...USUAL, way: "on-headers: a listener that throws" },
  },
  {
    what: "With `strictContentLength` a call that was refused does not count in the next one",
    reason: "A refused call has no effect. Node counts its bytes, and ignores the next `end` after it.",
    occurs: ({ way }) => /strictContentLength; caught/.test(way),
    example: {
      ...USUAL,
      way: "end: a body that is too short for strictContentLength; caught, and answered anew",
    },
  },
  {
    what: "Early hints after `end` arrive before the answer",
    reason: "The answer waits for its save. Without latchkey they come after it, where no client expects them.",
    occurs: ({ way }) => /^writeEarlyHints after (end|send)/.test(way),
    example: { ...USUAL, way: "writeEarlyHints after end" },
  },
];

/** What compression takes, and Node does not. */
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
  return head.replace(/^Vary: .*\n/gm, "");
}

/** The calls without what tells whether the response has ended. A handler that looks at it may end the response again. */
function withoutEnds(calls: string): string {
  return calls.replaceAll(", ended", "").replace(/\nend gave false.*$/, "");
}
