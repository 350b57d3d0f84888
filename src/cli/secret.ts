import { randomBytes } from "node:crypto";
import type { Command, Outcome } from "./command.js";

/** `latchkey secret` */
export const secret: Command = {
  summary: "Print a new secret for the option secret: 32 random bytes in base64url",
  options: {},
  run: async (): Promise<Outcome> => {
    const made = newSecret();
    return { text: made, json: { secret: made } };
  },
};

/** Returns a new secret for a LoginManager. */
export function newSecret(): string {
  return randomBytes(32).toString("base64url");
}
