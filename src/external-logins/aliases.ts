import { endLogins, storeOf } from "../active-sessions/store-logins.js";
import type { Core, ExternalLink } from "../core.js";
import { StorageIds } from "../crypto/storage-id.js";
import { contended, OptionError, UnsupportedByStoreError } from "../errors.js";
import { LONGEST_COOKIE } from "../http/cookies/attributes.js";
import { LATEST } from "../instants.js";
import type { ExternalIds, ExternalLogin } from "../login-fields/external-login.js";
import type { SessionAuth } from "../session/auth.js";
import { createIfFree } from "../store/create-if-free.js";
import { FORMAT } from "../store/format.js";
import type { SessionRecord, SessionStore, StoredRecord } from "../store/session-store.js";

/**
 * The kind of the records that find a login by the ids of an identity provider. The alias of a user has the user's id,
 * and says how often the logins of its `sub` were ended. The alias of an ended `sid` has no user.
 */
const KIND = "alias";
/** How many users may have an alias for one `sub` or `sid`. */
const MOST_USERS = 8;
/** How many attempts are made to write an alias while other requests change it. */
const MAX_TRIES = 20;
/** An alias lasts longer than necessary, so that not every login has to extend it: by a day, in milliseconds. */
const MARGIN = 86_400_000;

/** An id of an identity provider. */
export type Name = readonly [issuer: string, claim: "sub" | "sid", value: string];

/** See `ExternalLogins.link`. */
export async function linkExternal(
  core: Core,
  { userId, external }: Pick<SessionAuth, "userId" | "external">,
  until: number,
): Promise<ExternalLink | undefined> {
  if (!external) return undefined;
  const store = listingStoreOf(core);
  const expiresAt = expiryAfter(core, until);
  const aliases = await Promise.all(namesOf(external).map((name) => aliasOf(core, store, name, userId, expiresAt)));
  return {
    async isEnded() {
      const { issuer, sid } = external;
      const reads = aliases.map(async ({ id, data }) => (await store.read(id))?.data.ended !== data.ended);
      if (sid !== undefined) reads.push(isMarked(core, store, [issuer, "sid", sid]));
      return (await Promise.all(reads)).includes(true);
    },
  };
}

/** See `ExternalLogins.end`. */
export async function endExternal(core: Core, issuer: string, ids: ExternalIds): Promise<Map<string, Set<string>>> {
  const { sub, sid } = ids;
  const store = listingStoreOf(core);
  const name: Name = sid === undefined ? [issuer, "sub", sub!] : [issuer, "sid", sid];
  if (sid !== undefined) await mark(core, store, name, markedUntil(core));
  const aliases = await aliasesOf(core, store, name);
  if (sid === undefined) for (const alias of aliases) await noteEnd(store, alias);
  else if (aliases.length > 0) await mark(core, store, name, Math.max(...aliases.map(({ expiresAt }) => expiresAt)));
  const isMeant = (external: ExternalLogin | undefined) =>
    external?.issuer === issuer &&
    (sid === undefined || external.sid === sid) &&
    (sub === undefined || external.sub === sub);
  const ended = new Map<string, Set<string>>();
  for (const userId of new Set(aliases.map((alias) => alias.userId!))) {
    ended.set(userId, await endLogins(core, userId, ({ external }) => isMeant(external)));
  }
  return ended;
}

export function listingStoreOf(core: Core): SessionStore {
  const store = storeOf(core);
  if (!store.lacks?.includes("listByUser")) return store;
  throw new UnsupportedByStoreError("listByUser", "logins of an identity provider cannot be found by its ids");
}

function namesOf({ issuer, sub, sid }: ExternalLogin): Name[] {
  const names: Name[] = [[issuer, "sub", sub]];
  if (sid !== undefined) names.push([issuer, "sid", sid]);
  return names;
}

/** Returns the id of the alias in one of the places for users, or of the alias that says that a `sid` has ended. */
function idOf({ options }: Core, name: Name, place: number | "ended"): string {
  return new StorageIds(options.realm, KIND).of(JSON.stringify([...name, place]));
}

/** A session that begins at the last restore lasts for the absolute timeout. */
function expiryAfter({ options }: Core, until: number): number {
  return Math.min(Math.ceil(until + options.absoluteTimeout), LATEST - MARGIN);
}

/** Returns until when a `sid` that ends now is refused. No record could be ended for a stateless remember cookie. */
function markedUntil(core: Core): number {
  const now = Date.now();
  return expiryAfter(core, core.remember.mode === "stateless" ? now + LONGEST_COOKIE : now);
}

/** Creates the alias of a user for an id, or makes it last until `expiresAt`. */
export async function aliasOf(
  core: Core,
  store: SessionStore,
  name: Name,
  userId: string,
  expiresAt: number,
): Promise<Pick<StoredRecord, "id" | "data">> {
  for (let place = 0; place < MOST_USERS; place++) {
    const id = idOf(core, name, place);
    for (let tried = 1; ; tried++) {
      const found = await store.read(id);
      if (found && found.userId !== userId) break;
      if (found) {
        const { data, revision } = found;
        if (found.expiresAt >= expiresAt) return { id, data };
        const times = { lastSeenAt: Date.now(), expiresAt: expiresAt + MARGIN };
        if (await store.update(id, { data, revision, ...times })) return { id, data };
      } else {
        const alias = newAlias(userId, expiresAt + MARGIN);
        if (await createIfFree(store, id, alias)) return { id, data: alias.data };
        if (tried > 1) break; // the alias in this place cannot be read
      }
      if (tried === MAX_TRIES) throw contended("an alias");
    }
  }
  throw new OptionError("external", `${MOST_USERS} other users have logged in with this ${name[1]} of the issuer`);
}

async function aliasesOf(core: Core, store: SessionStore, name: Name): Promise<StoredRecord[]> {
  const ids = Array.from({ length: MOST_USERS }, (_, place) => idOf(core, name, place));
  const found = await Promise.all(ids.map(async (id) => ({ id, record: await store.read(id) })));
  return found.flatMap(({ id, record }) => (record ? [{ id, ...record }] : []));
}

/** Resolves with the alias of a user for an id. */
export async function aliasFor(
  core: Core,
  store: SessionStore,
  name: Name,
  userId: string,
): Promise<StoredRecord | undefined> {
  for (let place = 0; place < MOST_USERS; place++) {
    const id = idOf(core, name, place);
    const record = await store.read(id);
    if (record?.userId === userId) return { id, ...record };
  }
  return undefined;
}

/** Notes in an alias that the logins of its `sub` end, so that logins that are being created notice it. */
async function noteEnd(store: SessionStore, { id }: StoredRecord): Promise<void> {
  for (let tried = 1; tried <= MAX_TRIES; tried++) {
    const found = await store.read(id);
    if (!found) return;
    const data = { ...found.data, ended: (found.data.ended as number) + 1 };
    if (await store.update(id, { ...found, data })) return;
  }
  throw contended("an alias");
}

/** Notes that a `sid` has ended. */
async function mark(core: Core, store: SessionStore, name: Name, expiresAt: number): Promise<void> {
  const id = idOf(core, name, "ended");
  if (await createIfFree(store, id, newAlias(null, expiresAt))) return;
  await store.touch(id, { lastSeenAt: Date.now(), expiresAt });
}

export async function isMarked(core: Core, store: SessionStore, name: Name): Promise<boolean> {
  return (await store.read(idOf(core, name, "ended"))) !== null;
}

function newAlias(userId: string | null, expiresAt: number): SessionRecord {
  const now = Date.now();
  const data = { v: FORMAT, ended: 0 };
  return { kind: KIND, userId, data, createdAt: now, lastSeenAt: now, expiresAt, revision: 0 };
}
