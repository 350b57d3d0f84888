import type { ExecutionContext } from "@nestjs/common";
import type { Request } from "express";
import { contextIn } from "../current/request-context.js";
import { LatchkeyError } from "../errors.js";
import { isUpgrade } from "../http/upgrade.js";
import { LoginRequiredError } from "../refusals.js";
import { kindOf } from "../text.js";
import { type Handler, handlerOf } from "./handlers.js";

/** The request in a GraphQL context. For a subscription with graphql-ws, NestJS passes the context of the connection. */
type GraphQLRequest = Request & { extra?: { request?: Request } };

/** A user that a guard let through, and the realm of its manager. */
interface SocketUser {
  readonly user: object;
  readonly realm: string;
  readonly isOfFirst: boolean;
}

/**
 * The users that guards let through for the requests that opened sockets, by handler: messages of one socket may be
 * handled at the same time.
 */
const socketUsers = new WeakMap<Request, Map<Handler, SocketUser>>();

/**
 * Returns the request of a handler or a resolver, or the request that opened the socket of a message.
 *
 * @throws LatchkeyError if there is no request
 */
export function requestOf(context: ExecutionContext): Request {
  const type = context.getType<string>();
  if (type === "http") return context.switchToHttp().getRequest<Request>();
  if (type === "graphql") {
    const { req } = graphQLContextOf(context.getArgs<unknown[]>()) ?? {};
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
  return context.getType<string>() === "ws" || (isUpgrade(req) && !contextIn(req));
}

/** Stores the user that a guard let through, for a message of the socket that the request opened. */
export function noteSocketUser(context: ExecutionContext, req: Request, found: SocketUser): void {
  const users = socketUsers.get(req) ?? new Map<Handler, SocketUser>();
  socketUsers.set(req, users);
  users.set(handlerOf(context), found);
}

/**
 * Returns the user that the guard of a message let through.
 *
 * @param realm the realm of the manager; by default, the first manager
 *
 * @throws LoginRequiredError if the message has no guard, or a guard for other users
 */
export function socketUser(context: ExecutionContext, req: Request, realm: string | undefined): object {
  const found = socketUsers.get(req)?.get(handlerOf(context));
  if (found && (realm === undefined ? found.isOfFirst : found.realm === realm)) return found.user;
  throw new LoginRequiredError(
    "@CurrentUser() in a gateway needs a guard that requires a login of the same users, such as @Authorized().",
  );
}

/** A resolver gets its parent, its arguments, the context and an info. The resolver of a reference gets no arguments. */
function graphQLContextOf(args: unknown[]): { req?: GraphQLRequest } | undefined {
  const infoAt = args.findIndex((arg) => typeof (arg as { parentType?: unknown } | null)?.parentType === "object");
  return args[infoAt < 0 ? 2 : infoAt - 1] as { req?: GraphQLRequest } | undefined;
}

function noRequest(message: string): LatchkeyError {
  return new LatchkeyError("request_missing", 500, message);
}
