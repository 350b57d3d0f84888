import type { Request } from "express";
import type { Core } from "../core.js";
import { checkMethods, missingMethods, type ShownMethods } from "../login-fields/methods.js";
import { runLoader } from "./running-context.js";

/**
 * Returns the methods that the option `requiredMethods` requires and the login lacks.
 *
 * @throws OptionError if the option does not return methods
 */
export function missingIn(
  core: Core,
  req: Request,
  user: object,
  login: ShownMethods,
): readonly string[] | Promise<readonly string[]> {
  const { requiredMethods } = core.options;
  if (!requiredMethods) return [];
  return runLoader(core, req, requiredMethods, [user], (required) =>
    missingMethods(checkMethods("requiredMethods", required), login),
  );
}
