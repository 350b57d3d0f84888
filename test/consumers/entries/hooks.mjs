import { writeSync } from "node:fs";

/** Prints what a module of latchkey's imports from elsewhere. */
export async function resolve(specifier, context, next) {
  const isOurs = /\/dist\/(src|stores)\//.test(context.parentURL ?? "");
  if (isOurs && !specifier.startsWith(".") && !specifier.startsWith("node:")) writeSync(1, `${specifier}\n`);
  return next(specifier, context);
}
