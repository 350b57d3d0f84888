import {
  type ArgumentsHost,
  type CanActivate,
  Catch,
  createParamDecorator,
  type ExceptionFilter,
  type ExecutionContext,
  Logger,
} from "@nestjs/common";
import type { Request, RequestHandler, Response } from "express";
import { currentUser } from "../current/current-user.js";
import { LatchkeyError } from "../errors.js";
import { freshLoginRequired, loginRequired, roleRequired } from "../guards/guards.js";
import type { FreshOptions } from "../login/freshness.js";

/** Lets only logged-in users reach a controller or a handler: `@UseGuards(LoginGuard)`. */
export class LoginGuard implements CanActivate {
  readonly #guard = loginRequired();

  canActivate(context: ExecutionContext): Promise<boolean> {
    return activate(this.#guard, context);
  }
}

/**
 * Lets only users with a fresh login reach a controller or a handler: `@UseGuards(FreshLoginGuard({ within: "10m" }))`.
 * With `methods`, each of the methods must have been shown recently enough.
 */
export function FreshLoginGuard(options: FreshOptions = {}): CanActivate {
  return guardOf(freshLoginRequired(options));
}

/** Lets only users who have one of the roles reach a controller or a handler: `@UseGuards(RoleGuard("admin"))`. */
export function RoleGuard(...roles: string[]): CanActivate {
  return guardOf(roleRequired(...roles));
}

/** Passes the current user, or the anonymous user, to a parameter of a handler. */
export const CurrentUser: () => ParameterDecorator = createParamDecorator((_: unknown, context: ExecutionContext) =>
  currentUser(context.switchToHttp().getRequest<Request>()),
);

/**
 * Responds to latchkey's errors with their status, for example 503 while the store is unavailable. NestJS itself does
 * not read this status.
 */
@Catch(LatchkeyError)
export class LatchkeyErrorFilter implements ExceptionFilter<LatchkeyError> {
  catch({ status, code, message, headers = {}, stack }: LatchkeyError, host: ArgumentsHost): void {
    const res = host.switchToHttp().getResponse<Response>();
    // Status 500 means a mistake in the program. The error is logged, and the response does not contain its details.
    if (status === 500) new Logger("latchkey").error(message, stack);
    if (res.headersSent) return void res.end();
    const body = status === 500 ? { message: "Internal server error" } : { message, code };
    res
      .status(status)
      .set(headers)
      .json({ statusCode: status, ...body });
  }
}

function guardOf(guard: RequestHandler): CanActivate {
  return { canActivate: (context) => activate(guard, context) };
}

/**
 * Runs a guard. If the guard refuses the request, it sends the response itself. The promise then stays pending, so that
 * NestJS does nothing more.
 */
function activate(guard: RequestHandler, context: ExecutionContext): Promise<boolean> {
  const http = context.switchToHttp();
  return new Promise((resolve, reject) => {
    guard(http.getRequest<Request>(), http.getResponse(), (error?: unknown) => (error ? reject(error) : resolve(true)));
  });
}
