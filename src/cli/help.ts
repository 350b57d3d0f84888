import { COMMON_OPTIONS, type Command, type CommandOption } from "./command.js";

/** The help of `latchkey` itself. */
export function helpOf(commands: Readonly<Record<string, Command>>): string {
  const rows = Object.entries(commands).map(([name, { operands = [], summary }]) => [
    [name, ...operands].join(" "),
    summary,
  ]);
  return `Lists and ends logins, and examines a store of latchkey.

Usage: latchkey COMMAND [OPTIONS]

Commands:
${aligned(rows)}

latchkey COMMAND --help prints the options of a command; latchkey --version prints the version.

Exit codes: 0 done; 1 failed, found a problem, or found nothing to end; 2 wrong usage.
`;
}

/** The help of a command. */
export function helpOfCommand(name: string, { summary, details, operands = [], options }: Command): string {
  const required = Object.entries(options).filter(([, { isRequired }]) => isRequired);
  const usage = ["latchkey", name, ...operands, ...required.map((entry) => shown(...entry)), "[OPTIONS]"];
  const rows = Object.entries({ ...options, ...COMMON_OPTIONS }).map(([option, spec]: [string, CommandOption]) => [
    shown(option, spec),
    spec.help,
  ]);
  return `${summary}.

Usage: ${usage.join(" ")}
${details ? `\n${details}\n` : ""}
Options:
${aligned(rows)}
`;
}

function shown(name: string, { value }: CommandOption): string {
  return value === undefined ? `--${name}` : `--${name} ${value}`;
}

/** Formats rows of two columns, indented. */
function aligned(rows: string[][]): string {
  const width = Math.max(...rows.map(([first]) => first!.length));
  return rows.map(([first, second]) => `  ${first!.padEnd(width)}  ${second}`).join("\n");
}
