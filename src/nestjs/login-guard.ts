import { type CanActivate, type ExecutionContext, Inject, Optional } from "@nestjs/common";
import type { Request } from "express";
import { findLogin } from "../current/authenticate.js";
import { contextOfRealm } from "../current/request-context.js";
import { MiddlewareMissingError } from "../errors.js";
import { emitRefusal, emitRefusalOf } from "../guards/challenge.js";
import type { Declaration } from "../guards/declarations.js";
import { type Requirement, refusalFor, refusalOf } from "../guards/guards.js";
import { insideOf, type LoginManager } from "../manager/login-manager.js";
import { declarationFor, isNamed } from "./handlers.js";
import { MANAGERS } from "./managers.js";
import { RefusedException, refusedIn } from "./refused-exception.js";
import { isOfSocket, noteSocketUser, requestOf } from "./request.js";

/** The contexts that a guard has let through. */
const passed = new WeakSet<ExecutionContext>();

/**
 * Requires a login for every handler that `@Public()` does not open, and checks the decorators of the handler and its
 * class. Use it as a global guard: `{ provide: APP_GUARD, useClass: LoginGuard }`.
 */
export class LoginGuard implements CanActivate {
  @Optional()
  @Inject(MANAGERS)
  private readonly managers: readonly LoginManager<object, object>[] | undefined;

  /** @throws RefusedException if the request does not meet the requirements */
  async canActivate(context: ExecutionContext): Promise<boolean> {
    const declaration = this instanceof DeclaredGuard ? declared(context) : declaredOrLogin(this, context);
    if (declaration === "public" || passed.has(context)) return true;
    const refused = await this.#refused(context, declaration);
    if (refused) throw refused;
    passed.add(context);
    return true;
  }

  /**
   * Returns the request of a context. It supports HTTP, GraphQL and WebSocket. Override it for other transports.
   *
   * @throws LatchkeyError `request_missing` if there is no request
   */
  getRequest(context: ExecutionContext): Request {
    return requestOf(context);
  }

  async #refused(context: ExecutionContext, requirement: Requirement): Promise<RefusedException | null> {
    const req = this.getRequest(context);
    if (isOfSocket(context, req)) return this.#refusedSocket(context, req, requirement);
    const known = contextOfRealm(req, requirement.realm);
    if (context.getType() === "http" && known.core.options.exemptMethods.includes(req.method)) return null;
    const refusal = await refusalOf(known, requirement);
    if (!refusal) return null;
    emitRefusal(known, refusal);
    return refusedIn(known, refusal);
  }

  /** Reads the login of a socket from the store again, because it may have ended since the last message. */
  async #refusedSocket(
    context: ExecutionContext,
    upgrade: Request,
    requirement: Requirement,
  ): Promise<RefusedException | null> {
    const { realm } = requirement;
    const login = this.managers?.find(({ options }) => realm === undefined || options.realm === realm);
    if (!login) {
      const which = realm === undefined ? "" : ` with the realm ${JSON.stringify(realm)}`;
      throw new MiddlewareMissingError(
        `a guard of a WebSocket needs a LoginManager${which}: give it to LatchkeyModule.forRoot()`,
      );
    }
    const { core, ...mount } = insideOf(login);
    const { req, loaded, auth } = await findLogin(core, mount, upgrade);
    const found = loaded ?? { user: {}, authenticated: false };
    const refusal = await refusalFor({ core, req }, found, () => auth, requirement);
    if (!refusal) {
      const isOfFirst = login === this.managers?.[0];
      noteSocketUser(context, upgrade, { user: found.user, realm: login.options.realm, isOfFirst });
      return null;
    }
    emitRefusalOf(core, req, loaded?.user, refusal);
    return new RefusedException(refusal);
  }
}

/** Checks only the decorators of a handler and its class. The decorators add this guard to classes. */
export class DeclaredGuard extends LoginGuard {}

function declared(context: ExecutionContext): Declaration {
  return declarationFor(context) ?? "public";
}

function declaredOrLogin(guard: LoginGuard, context: ExecutionContext): Declaration {
  const declaration = declarationFor(context) ?? { roles: [] };
  return declaration === "public" && isNamed(guard, context) ? { roles: [] } : declaration;
}
