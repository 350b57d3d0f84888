import type { PlainStore } from "../plain-store.js";

/** A mistake of a store's, and the beginnings of the names of the cases that find it. */
export type Mistake<S = PlainStore> = [change: (plain: S) => Partial<S>, foundBy: string[]];

/** Another turn of the event loop. */
export const later = () => new Promise(setImmediate);

/** The record that is made up by a store that makes one up. */
export const NOBODY = { userId: null, data: {}, createdAt: 0, lastSeenAt: 0, revision: 0 };
