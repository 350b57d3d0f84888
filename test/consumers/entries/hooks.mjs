import { writeSync } from "node:fs";

/** Prints the name of each package that a module of latchkey imports. */
export async function resolve(specifier, context, next) {
  const isOurs = /\/dist\/(src|stores|shared)\//.test(context.parentURL ?? "");
  if (isOurs && !specifier.startsWith(".") && !specifier.startsWith("node:")) writeSync(1, `${specifier}\n`);
  return next(specifier, context);
}
