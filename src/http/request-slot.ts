import type { Request } from "express";
import type { RequestContext } from "../current/request-context.js";
import type { Flashes } from "../flash/flashes.js";
import type { SessionAccess } from "../session/request-session.js";
import type { ResponseStart } from "./before-response.js";

/** What is known of a request. */
export interface RequestState {
  /** Its session, once it passed a session middleware. */
  access: SessionAccess | undefined;
  /** The session of an express-session, until it is watched. */
  session: Request["session"] | undefined;
  /** Has it a property `session` of its own, which the application can delete? */
  ownsSession: boolean;
  /** Its login, once it passed a manager's middleware. */
  context: RequestContext | undefined;
  /** Does its response set or remove one of latchkey's cookies? */
  setsCookie: boolean;
  /** How its response begins. */
  start: ResponseStart | undefined;
  /** Its flash messages, once something looked at them. */
  flashes: Flashes | undefined;
}

const STATE = Symbol("latchkey.request");
type StatefulRequest = Request & { [STATE]?: RequestState };

/** What is known of a request, if anything is. */
export function stateOf(req: Request): RequestState | undefined {
  return (req as StatefulRequest)[STATE];
}

/** Did the request pass the middleware of another copy of this package, and not of this one? Each copy has a symbol of its own. */
export function isOfAnotherCopy(req: Request): boolean {
  return (
    !stateOf(req) &&
    Object.getOwnPropertySymbols(req).some((key) => key !== STATE && key.description === STATE.description)
  );
}

/** What is known of a request, to be added to. */
export function openStateOf(req: Request): RequestState {
  const known = stateOf(req);
  if (known) return known;
  const state: RequestState = {
    access: undefined,
    session: undefined,
    ownsSession: false,
    context: undefined,
    setsCookie: false,
    start: undefined,
    flashes: undefined,
  };
  (req as StatefulRequest)[STATE] = state;
  return state;
}
