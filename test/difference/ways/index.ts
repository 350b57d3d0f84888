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

/** The tables of ways, by kind. */
export const kinds: Record<string, Ways> = {
  "a complete response": whole,
  "a head before the body": heads,
  "a stream": streams,
  "a file": files,
  "a rejected call": refusing,
  "an error": errors,
  "a second response": twice,
  "a replaced method": replaced,
  "a client that leaves": leaving,
};

/** Every way to respond, by name. */
export const ways = new Map<string, Way>();
for (const [name, way] of Object.values(kinds).flatMap((table) => Object.entries(table))) {
  if (ways.has(name)) throw new Error(`two ways have the name ${name}`);
  ways.set(name, typeof way === "function" ? { answer: way } : way);
}
