import type { Way, Ways } from "../way.js";
import { errors } from "./errors.js";
import { files } from "./files.js";
import { heads } from "./heads.js";
import { leaving } from "./leaving.js";
import { refusing } from "./refused.js";
import { replaced } from "./replaced.js";
import { streams } from "./streams.js";
import { twice } from "./twice.js";
import { whole } from "./whole.js";

/** Tables of ways, by what they have in common. */
export const kinds: Record<string, Ways> = {
  "a whole answer": whole,
  "the head first": heads,
  "a stream": streams,
  "a file": files,
  "an answer that is refused": refusing,
  "an error": errors,
  "an answer that is given twice": twice,
  "a method that is replaced": replaced,
  "a client that leaves": leaving,
};

/** Every way of answering, by its name. */
export const ways = new Map<string, Way>();
for (const [name, way] of Object.values(kinds).flatMap((table) => Object.entries(table))) {
  if (ways.has(name)) throw new Error(`two ways are called ${name}`);
  ways.set(name, typeof way === "function" ? { answer: way } : way);
}
