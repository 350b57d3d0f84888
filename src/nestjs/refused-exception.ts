import { HttpException } from "@nestjs/common";
import type { RequestContext } from "../current/request-context.js";
import { problemOf, type Refusal } from "../guards/challenge.js";

const contexts = new WeakMap<RefusedException, RequestContext>();

/**
 * Thrown by latchkey's guards; `cause` is latchkey's error. `LatchkeyErrorFilter` responds to it as the guards for Express
 * do. Without that filter, NestJS sends the problem document. GraphQL shows `extensions`.
 */
export class RefusedException extends HttpException {
  /** The code of the refusal, for example `login_required`, and the `methods` that are missing. */
  readonly extensions: { readonly code: string; readonly methods?: readonly string[] };

  constructor(
    /** Why the guard refused. */
    readonly refusal: Refusal,
  ) {
    super(problemOf(refusal), refusal.status, { cause: refusal });
    this.message = refusal.message;
    this.extensions = { code: refusal.code, ...("methods" in refusal && { methods: refusal.methods }) };
  }
}

/** Returns the exception for the refusal of a request that an application handles. */
export function refusedIn(context: RequestContext, refusal: Refusal): RefusedException {
  const exception = new RefusedException(refusal);
  contexts.set(exception, context);
  return exception;
}

/** Returns the context of the request that was refused; undefined if no application handles the request. */
export function contextOfRefused(exception: RefusedException): RequestContext | undefined {
  return contexts.get(exception);
}
