import type { Request } from "express";
import { IncomingMessage } from "./node-http.js";
import { RequestSlot } from "./request-slot.js";
import { defineShared, SharedProperties, sharedProperty } from "./shared-properties.js";

/** Handles reads of `req.session` and assignments to it. */
export interface SessionOwner {
  use(): Request["session"] | undefined;
  replace(session: Request["session"] | undefined): void;
}

/** latchkey's data about a request's session. */
interface KnownSession {
  owner: SessionOwner | undefined;
  /** The session of the application's own express-session, until the session has an owner. */
  session: Request["session"] | undefined;
  /** Does the request have its own property `session`, which the application can delete? */
  isOwn: boolean;
}

const slot = new RequestSlot<KnownSession>();

/** The property `req.session` of every request whose session has an owner. */
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
 * Applications whose own express-session sets `req.session` before the session has an owner. A plain property would
 * have to be redefined later, which makes the request slow in V8.
 */
export const ownedLater: WeakSet<object> = new WeakSet();
const sessionProperty = new SharedProperties(IncomingMessage.prototype, (shared) =>
  defineShared(shared, "session", SESSION),
);

/** Lets an owner handle the property `req.session` of a request. */
export function ownSessionOf(req: Request, owner: SessionOwner): void {
  openSlot(req).owner = owner;
  if (Object.hasOwn(req, "session")) makeDeletable(req);
  sessionProperty.addTo(req);
}

/** The owner of `req.session`; undefined if it has no owner. */
export function ownerOf(req: Request): SessionOwner | undefined {
  noteDeletion(req);
  return slot.get(req)?.owner;
}

/** Gives a request its own property `session`, so that `delete req.session` can be detected. */
export function makeDeletable(req: Request): KnownSession {
  const known = openSlot(req);
  known.isOwn = true;
  Object.defineProperty(req, "session", SESSION);
  return known;
}

/** If the application has deleted `req.session`, removes the session from the request. */
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
