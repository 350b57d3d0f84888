/** An option of a command. */
export interface CommandOption {
  /** The name of its value in the help; absent for an option without a value. */
  value?: string;
  /** What it means, in one line. */
  help: string;
  isRequired?: true;
}

/** The arguments of a command, checked. */
export interface Given {
  /** The arguments that are not options. */
  operands: readonly string[];
  /** The options that have a value, by name. */
  options: Readonly<Record<string, string | undefined>>;
}

/** The result of a command. */
export interface Outcome {
  /** What people read. */
  text: string;
  /** What `--json` prints instead. */
  json: object;
  /** Did it find a problem, or nothing to end? Then the exit code is 1. */
  hasProblem?: boolean;
}

/** A command of `latchkey`. */
export interface Command {
  /** What it does, in one line. */
  summary: string;
  /** More about it, for its own help. */
  details?: string;
  /** The names of the arguments that are not options. All of them are required. */
  operands?: readonly string[];
  options: Readonly<Record<string, CommandOption>>;
  /** @throws UsageError if an argument is invalid */
  run(given: Given): Promise<Outcome>;
}

/** The arguments of a command are invalid. */
export class UsageError extends Error {}

/** The options of every command. */
export const COMMON_OPTIONS: Readonly<Record<"json" | "help", CommandOption>> = {
  json: { help: "print one JSON document" },
  help: { help: "print the help of this command" },
};

/** The option of the commands that use a store. */
export const STORE_OPTIONS: Readonly<Record<"store" | "timeout", CommandOption>> = {
  store: { value: "URL", help: "the URL of the store, as for openStore (default: the variable SESSION_STORE)" },
  timeout: { value: "DURATION", help: "how long the store may take to answer (default: 5s)" },
};

/** The options of the commands about one user. */
export const USER_OPTIONS: Readonly<Record<"user" | "realm" | "store" | "timeout", CommandOption>> = {
  user: { value: "ID", help: "the user's id", isRequired: true },
  realm: { value: "REALM", help: "the option realm of the application's LoginManager, if it has one" },
  ...STORE_OPTIONS,
};
