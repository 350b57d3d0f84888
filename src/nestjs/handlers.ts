import type { CanActivate, ExecutionContext } from "@nestjs/common";
import { LatchkeyError } from "../errors.js";
import { ancestry, type Declaration, declarationOf, isPublicMethod, nameOf } from "../guards/declarations.js";

type Callback = ReturnType<ExecutionContext["getHandler"]>;

/** A handler: a method of a controller, a resolver or a gateway. Each has one object. */
export interface Handler {
  readonly controller: object;
  readonly method: string | symbol;
}

/** The key under which NestJS stores the guards of a class or a handler. */
const GUARDS = "__guards__";
/** The handlers of each class, by the names of the methods. */
const handlers = new WeakMap<object, Map<string | symbol, Handler>>();
/** The handlers of each class, by their functions. With request-scoped controllers, each request may have new functions. */
const known = new WeakMap<object, WeakMap<Callback, Handler>>();

/** Returns what the decorators say about the handler of a context; null if they say nothing. */
export function declarationFor(context: ExecutionContext): Declaration | null {
  const { controller, method } = handlerOf(context);
  return declarationOf(controller, method);
}

/**
 * Does `@UseGuards` name this guard on the handler, or on its class while the handler is not itself public? Then the
 * handler needs a login, even if its class is public.
 */
export function isNamed(guard: CanActivate, context: ExecutionContext): boolean {
  const { controller, method } = handlerOf(context);
  const names = (target: object) =>
    ((Reflect.getMetadata(GUARDS, target) ?? []) as unknown[]).some(
      (one) => one === guard || one === guard.constructor,
    );
  return names(context.getHandler()) || (names(controller) && !isPublicMethod(controller, method));
}

/** Returns the handler of a context. NestJS passes its function to guards, but not its name. */
export function handlerOf(context: ExecutionContext): Handler {
  const [controller, callback] = [context.getClass(), context.getHandler()];
  const ofClass = known.get(controller) ?? new WeakMap<Callback, Handler>();
  known.set(controller, ofClass);
  const handler = ofClass.get(callback) ?? named(controller, nameIn(controller, callback));
  ofClass.set(callback, handler);
  return handler;
}

function named(controller: object, method: string | symbol): Handler {
  const ofClass = handlers.get(controller) ?? new Map<string | symbol, Handler>();
  handlers.set(controller, ofClass);
  const handler = ofClass.get(method) ?? { controller, method };
  ofClass.set(method, handler);
  return handler;
}

/**
 * Returns the name of the method with this function. If no method has the function, because a library such as
 * OpenTelemetry wraps handlers, or a constructor binds them, returns the name of the function.
 */
function nameIn(controller: object, callback: Callback): string | symbol {
  const methods = [...methodsOf(controller)];
  const same = methods.find(([, value]) => value === callback);
  if (same) return same[0];
  const name = callback.name.replace(/^(?:bound )+/, "");
  if (methods.some(([key]) => key === name)) return name;
  throw new LatchkeyError(
    "unsupported_version",
    500,
    `latchkey cannot find the handler ${callback.name} in ${(controller as { name: string }).name}, so it cannot guard it`,
  );
}

/** Yields the methods of a class and its base classes. */
function* methodsOf(controller: object): Generator<[name: string | symbol, value: unknown]> {
  for (const target of ancestry(controller)) {
    const { prototype } = target as { prototype?: object | null };
    const properties = Object.getOwnPropertyDescriptors(prototype ?? {});
    for (const key of Reflect.ownKeys(properties)) {
      const { value } = properties[key as string]!;
      if (typeof value === "function") yield [nameOf(key), value];
    }
  }
}
