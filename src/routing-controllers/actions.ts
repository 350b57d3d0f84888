import type { getMetadataArgsStorage } from "routing-controllers";
import { type Declaration, declarationOf, hasMethod, nameOf } from "../guards/declarations.js";

/** The metadata of routing-controllers. */
export type Storage = ReturnType<typeof getMetadataArgsStorage>;

/** Returns what the decorators say about an action; null if they say nothing. */
export function declarationOfAction(storage: Storage, controller: object, method: PropertyKey): Declaration | null {
  // An action may also be a property. Only its decorator says so.
  return declarationOf(controller, method, (target, name) => {
    const actions = storage.filterActionsWithTarget(target as never);
    return hasMethod(target, name) || actions.some((action) => nameOf(action.method) === nameOf(name));
  });
}
