import { IncomingMessage } from "node:http";
import type { Request } from "express";
import { RequestSlot } from "./request-slot.js";
import { defineShared, SharedProperties, sharedProperty } from "./shared-properties.js";

/** What stands behind `req.session`. */
export interface SessionOwner {
  use(): Request["session"] | undefined;
  replace(session: Request["session"] | undefined): void;
}

/** What is known of a request's session. */
interface KnownSession {
  owner: SessionOwner | undefined;
  /** The session of an express-session, until it has an owner. */
  session: Request["session"] | undefined;
  /** Has the request a property `session` of its own, which the application can delete? */
  isOwn: boolean;
}

const slot = new RequestSlot<KnownSession>();

/** `req.session` of every request whose session has an owner. */
const SESSION = sharedProperty(
  "session",
  (req) => {
    const owner = ownerOf(req);
    return owner ? owner.use() : slot.get(req)?.session;
  },
  (req, session: Request["session"] | undefined) => {
    const owner = ownerOf(req);
    if (owner) owner.replace(session);
    else if (ownedLater.has(req.app)) makeDeletable(req).session = session;
    else return false;
    return true;
  },
);
/**
 * Applications whose express-session sets `req.session` before it has an owner. As a plain property it would have to be made another kind
 * of property then, and V8 has no fast request any more.
 */
export const ownedLater: WeakSet<object> = new WeakSet();
const sessionProperty = new SharedProperties(IncomingMessage.prototype, (shared) =>
  defineShared(shared, "session", SESSION),
);

/** Makes `req.session` of a request that of an owner. */
export function ownSessionOf(req: Request, owner: SessionOwner): void {
  openSlot(req).owner = owner;
  if (Object.hasOwn(req, "session")) makeDeletable(req);
  sessionProperty.addTo(req);
}

/** What stands behind `req.session`, if latchkey knows it. */
export function ownerOf(req: Request): SessionOwner | undefined {
  noteDeletion(req);
  return slot.get(req)?.owner;
}

/** Gives a request a property `session` of its own, so that a `delete` of it is noted. */
export function makeDeletable(req: Request): KnownSession {
  const known = openSlot(req);
  known.isOwn = true;
  Object.defineProperty(req, "session", SESSION);
  return known;
}

/** Takes the session from a request that the application has deleted it from. */
export function noteDeletion(req: Request): void {
  const known = slot.get(req);
  if (!known?.isOwn || Object.hasOwn(req, "session")) return;
  known.isOwn = false;
  known.session = undefined;
  known.owner?.replace(undefined);
}

function openSlot(req: Request): KnownSession {
  const known = slot.get(req);
  if (known) return known;
  const opened: KnownSession = { owner: undefined, session: undefined, isOwn: false };
  slot.set(req, opened);
  return opened;
}
