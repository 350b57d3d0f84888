import { parseArgs } from "node:util";
import { COMMON_OPTIONS, type Command, type Given, UsageError } from "./command.js";

/** The arguments of a command, and the options that every command has. */
export interface Arguments extends Given {
  isHelp: boolean;
}

/** A login id that begins with "-". About one id in 64 does. */
const DASHED_ID = /^-[\w-]{21}$/;

/**
 * Reads the arguments after the name of a command.
 *
 * @throws UsageError if an option is unknown, if a required option or a value is missing, or if the number of arguments
 * is wrong
 */
export function readArguments(command: Command, args: readonly string[]): Arguments {
  const known = { ...COMMON_OPTIONS, ...command.options };
  const options = Object.fromEntries(
    Object.entries(known).map(([name, option]) => [name, { type: "value" in option ? "string" : "boolean" } as const]),
  );
  const { values, positionals } = parsed(withDashedIdsLast(args, options), options);
  const isHelp = values.help === true;
  const { operands = [] } = command;
  if (!isHelp) {
    if (positionals.length !== operands.length) throw new UsageError(wanted(operands, positionals));
    for (const [name, { isRequired }] of Object.entries(command.options)) {
      if (isRequired && !values[name]) throw new UsageError(`the option --${name} is required`);
    }
  }
  const texts = Object.entries(values).filter((entry): entry is [string, string] => typeof entry[1] === "string");
  return { isHelp, operands: positionals, options: Object.fromEntries(texts) };
}

type OptionTypes = Record<string, { type: "string" | "boolean" }>;

/** @throws UsageError if the options do not have these types */
function parsed(args: string[], options: OptionTypes) {
  try {
    return parseArgs({ args, options, allowPositionals: true });
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
}

/** Moves ids that begin with "-" to the end, after "--", because parseArgs would read them as options. */
function withDashedIdsLast(args: readonly string[], options: OptionTypes): string[] {
  const isValue = (i: number) => options[/^--(.*)/.exec(args[i - 1] ?? "")?.[1] ?? ""]?.type === "string";
  const isId = (arg: string, i: number) => DASHED_ID.test(arg) && !isValue(i);
  if (args.includes("--")) return [...args];
  return [...args.filter((arg, i) => !isId(arg, i)), "--", ...args.filter(isId)];
}

function wanted(operands: readonly string[], given: readonly string[]): string {
  if (given.length < operands.length) return `the argument ${operands[given.length]} is required`;
  return `unexpected argument "${given[operands.length]}"`;
}
