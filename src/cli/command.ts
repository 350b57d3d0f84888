/** An option of a command. */
export interface CommandOption {
  /** The name of the option's value in the help; undefined if the option has no value. */
  value?: string;
  /** The description of the option, in one line. */
  help: string;
  isRequired?: true;
}

/** The checked arguments of a command. */
export interface Given {
  /** The arguments that are not options. */
  operands: readonly string[];
  /** The options that have a value, by name. */
  options: Readonly<Record<string, string | undefined>>;
}

/** The result of a command. */
export interface Outcome {
  /** The text to print for people. */
  text: string;
  /** The document to print with `--json`. */
  json: object;
  /** True if the command found a problem, or found no login to end. The exit code is then 1. */
  hasProblem?: boolean;
}

/** A command of `latchkey`. */
export interface Command {
  /** The description of the command, in one line. */
  summary: string;
  /** More text for the help of the command. */
  details?: string;
  /** The names of the arguments that are not options. All of them are required. */
  operands?: readonly string[];
  options: Readonly<Record<string, CommandOption>>;
  /** @throws UsageError if an argument is invalid */
  run(given: Given): Promise<Outcome>;
}

/** The error for invalid arguments of a command. */
export class UsageError extends Error {}

/** The options of every command. */
export const COMMON_OPTIONS: Readonly<Record<"json" | "help", CommandOption>> = {
  json: { help: "print one JSON document" },
  help: { help: "print the help of this command" },
};

/** The options of the commands that use a store. */
export const STORE_OPTIONS: Readonly<Record<"store" | "timeout", CommandOption>> = {
  store: { value: "URL", help: "the URL of the store, as for openStore (default: the variable SESSION_STORE)" },
  timeout: { value: "DURATION", help: "how long the store may take to respond (default: 5s)" },
};

/** The options of the commands about one user. */
export const USER_OPTIONS: Readonly<Record<"user" | "realm" | "store" | "timeout", CommandOption>> = {
  user: { value: "ID", help: "the user's id", isRequired: true },
  realm: { value: "REALM", help: "the option realm of the application's LoginManager, if it has one" },
  ...STORE_OPTIONS,
};
