import { PeerMissingError } from "../../src/store/peer-errors.js";

/** An imported module. If it is a CommonJS module, all its properties may be in the default export. */
type Imported<T> = T & { default?: T };

const MISSING = ["ERR_MODULE_NOT_FOUND", "MODULE_NOT_FOUND", "ERR_UNKNOWN_BUILTIN_MODULE"];

/**
 * Imports a module of a package, or resolves with null if the package is not installed. The module name is a variable,
 * so that bundlers do not try to include a package that is not installed.
 */
export async function installed<T extends object>(module: string): Promise<T | null> {
  try {
    const imported: Imported<T> = await import(module);
    return imported.default ?? imported;
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    // If another package is missing, such as a dependency of this package, throw the error again.
    if (MISSING.includes(String(code)) && message.includes(module.split("/", 1)[0]!)) return null;
    throw error;
  }
}

/** Imports a module of a package. @throws PeerMissingError if the package is not installed */
export async function needed<T extends object>(module: string): Promise<T> {
  const found = await installed<T>(module);
  if (!found) throw new PeerMissingError(module.split("/", 1)[0]!);
  return found;
}
