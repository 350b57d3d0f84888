import type { Request } from "express";
import type { RequestContext } from "../current/request-context.js";
import { isLatchkeyError } from "../errors.js";
import { pathOf } from "../http/cookies/places.js";
import type { StoredSession } from "./bind.js";
import type { Protocol } from "./protocol.js";
import { refresh } from "./refresh.js";
import { register } from "./registration.js";
import { sendUnavailable } from "./responses.js";

export type Next = (error?: unknown) => void;

/** Responds to a browser's request about its key. */
type Responder = typeof register;

/** Returns what responds to this request; undefined if it is not a browser's request about its key. */
export function responderFor({ paths }: Protocol, req: Request): Responder | undefined {
  if (req.method !== "POST") return undefined;
  const path = pathOf(req);
  if (path === paths.registration) return register;
  return path === paths.refresh ? refresh : undefined;
}

/** The context of a request, its session in the store, and the next middleware. */
interface Responding {
  context: RequestContext;
  session: StoredSession | undefined;
  next: Next;
}

/** Responds to a browser's request about its key. Any error but an unavailable store goes to the next middleware. */
export function respond(responder: Responder, protocol: Protocol, { context, session, next }: Responding): void {
  const { unavailable } = context.session;
  const responding = unavailable ? Promise.reject(unavailable) : responder(protocol, context, session);
  responding.catch((error: unknown) => {
    if (isLatchkeyError(error, "store_unavailable") && !context.res.headersSent) sendUnavailable(context.res);
    else next(isLatchkeyError(error) ? error : withoutStatus(error));
  });
}

/** An error of the application may have a status such as 404, for which the browser would delete its key. */
function withoutStatus(cause: unknown): Error {
  return new Error("the user loader failed for a browser's request about its key", { cause });
}
