import type { ExecutionContext } from "@nestjs/common";
import type { Request } from "express";
import { hasContext } from "../current/request-context.js";
import { LatchkeyError } from "../errors.js";
import { isUpgrade } from "../http/upgrade.js";
import { LoginRequiredError } from "../refusals.js";
import { kindOf } from "../text.js";

/** The request in a GraphQL context. For a subscription with graphql-ws, NestJS passes the context of the connection. */
type GraphQLRequest = Request & { extra?: { request?: Request } };

/** The users that guards found for the requests that opened sockets, by the realm that the guard names. */
const socketUsers = new WeakMap<object, Map<string | undefined, object>>();

/**
 * Returns the request of a handler or a resolver, or the request that opened the socket of a message.
 *
 * @throws LatchkeyError if there is no request
 */
export function requestOf(context: ExecutionContext): Request {
  const type = context.getType<string>();
  if (type === "http") return context.switchToHttp().getRequest<Request>();
  if (type === "graphql") {
    const { req } = context.getArgByIndex<{ req?: GraphQLRequest } | undefined>(2) ?? {};
    if (req?.headers) return req;
    if (req?.extra?.request?.headers) return req.extra.request;
    throw noRequest("the GraphQL context has no req: return it from the option context of GraphQLModule");
  }
  if (type === "ws") {
    const { request } = context.switchToWs().getClient<{ request?: Request }>();
    if (request?.headers) return request;
    throw noRequest("the client has no request: set client.request = request in handleConnection(client, request)");
  }
  throw noRequest(
    `latchkey finds no request in a context of the type ${kindOf(type)} ${JSON.stringify(type)}: extend LoginGuard, and override getRequest(context)`,
  );
}

/** Did the request open a socket, so that no application handles it? */
export function isOfSocket(context: ExecutionContext, req: Request): boolean {
  return context.getType<string>() === "ws" || (isUpgrade(req) && !hasContext(req));
}

/** Stores the user that a guard found for the request that opened a socket; undefined if the guard refused it. */
export function noteSocketUser(req: Request, realm: string | undefined, user: object | undefined): void {
  const users = socketUsers.get(req) ?? new Map<string | undefined, object>();
  socketUsers.set(req, users);
  if (user) users.set(realm, user);
  else users.delete(realm);
}

/**
 * Returns the user that a guard found for the last message.
 *
 * @throws LoginRequiredError if there is no user
 */
export function socketUser(req: Request, realm: string | undefined): object {
  const user = socketUsers.get(req)?.get(realm);
  if (user) return user;
  throw new LoginRequiredError(
    "@CurrentUser() in a gateway needs a guard that requires a login, such as @Authorized().",
  );
}

function noRequest(message: string): LatchkeyError {
  return new LatchkeyError("request_missing", 500, message);
}
