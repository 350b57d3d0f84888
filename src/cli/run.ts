import { readFile } from "node:fs/promises";
import { readArguments } from "./arguments.js";
import { type Command, UsageError } from "./command.js";
import { doctor } from "./doctor/doctor.js";
import { reasonFor } from "./failure.js";
import { helpOf, helpOfCommand } from "./help.js";
import { prune } from "./prune.js";
import { revoke, revokeAll } from "./revoke.js";
import { safeJson, safeLines } from "./safe-text.js";
import { schema } from "./schema.js";
import { secret } from "./secret.js";
import { count, sessions } from "./sessions.js";

/** The output of the process, and its exit code. */
export interface Printed {
  stdout?: string;
  stderr?: string;
  exitCode: 0 | 1 | 2;
}

const COMMANDS: Readonly<Record<string, Command>> = {
  sessions,
  count,
  revoke,
  "revoke-all": revokeAll,
  prune,
  doctor,
  schema,
  secret,
};

/** Runs `latchkey` with these arguments. It never rejects. */
export async function run(args: readonly string[]): Promise<Printed> {
  const [name, ...rest] = args;
  const isJson = rest.includes("--json");
  try {
    if (name === undefined) return { stderr: helpOf(COMMANDS), exitCode: 2 };
    if (name === "--help" || name === "-h" || name === "help") return { stdout: helpOf(COMMANDS), exitCode: 0 };
    if (name === "--version") return { stdout: `${await version()}\n`, exitCode: 0 };
    const command = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
    if (!command) throw new UsageError(`the first argument must be a command, not "${name}"`);
    const { isHelp, ...given } = readArguments(command, rest);
    if (isHelp) return { stdout: helpOfCommand(name, command), exitCode: 0 };
    const { text, json, hasProblem } = await command.run(given);
    return { stdout: `${isJson ? safeJson(json) : safeLines(text)}\n`, exitCode: hasProblem ? 1 : 0 };
  } catch (error) {
    const isUsage = error instanceof UsageError;
    const message = reasonFor(error);
    const exitCode = isUsage ? 2 : 1;
    if (isJson) return { stdout: `${safeJson({ error: { code: codeOf(error), message } })}\n`, exitCode };
    return { stderr: `latchkey: ${message}\n${isUsage ? "Try: latchkey --help\n" : ""}`, exitCode };
  }
}

/** Returns a code for scripts: `wrong_usage`, the code of the error, or `failed`. */
function codeOf(error: unknown): string {
  if (error instanceof UsageError) return "wrong_usage";
  const { code } = (error ?? {}) as { code?: unknown };
  return typeof code === "string" ? code : "failed";
}

async function version(): Promise<string> {
  const manifest = new URL("../../../package.json", import.meta.url);
  return (JSON.parse(await readFile(manifest, "utf8")) as { version: string }).version;
}
