import type { CanActivate, ExecutionContext } from "@nestjs/common";
import { LatchkeyError } from "../errors.js";
import { ancestry, type Declaration, declarationOf, isPublicMethod } from "../guards/declarations.js";

type Handler = ReturnType<ExecutionContext["getHandler"]>;

/** The key under which NestJS stores the guards of a class or a handler. */
const GUARDS = "__guards__";
const names = new WeakMap<object, Map<Handler, PropertyKey>>();

/** Returns what the decorators say about the handler of a context; null if they say nothing. */
export function declarationFor(context: ExecutionContext): Declaration | null {
  const controller = context.getClass();
  return declarationOf(controller, nameIn(controller, context.getHandler()));
}

/**
 * Does `@UseGuards` name this guard for the handler, or for the class of a handler that is not itself public? Then the
 * guard is meant, although the class may be public.
 */
export function isNamed(guard: CanActivate, context: ExecutionContext): boolean {
  const [controller, handler] = [context.getClass(), context.getHandler()];
  const names = (target: object) =>
    ((Reflect.getMetadata(GUARDS, target) ?? []) as unknown[]).some(
      (one) => one === guard || one === guard.constructor,
    );
  return names(handler) || (names(controller) && !isPublicMethod(controller, nameIn(controller, handler)));
}

/** Returns the name of a handler, because NestJS does not pass it to guards. */
function nameIn(controller: object, handler: Handler): PropertyKey {
  const known = names.get(controller) ?? new Map<Handler, PropertyKey>();
  names.set(controller, known);
  const name = known.get(handler) ?? find(controller, handler);
  known.set(handler, name);
  return name;
}

function find(controller: object, handler: Handler): PropertyKey {
  for (const target of ancestry(controller)) {
    const properties = Object.getOwnPropertyDescriptors((target as { prototype: object }).prototype);
    const name = Reflect.ownKeys(properties).find((key) => properties[key as string]?.value === handler);
    if (name !== undefined) return name;
  }
  throw new LatchkeyError(
    "unsupported_version",
    500,
    `latchkey cannot find the handler ${handler.name} in ${(controller as { name: string }).name}, so it cannot guard it`,
  );
}
