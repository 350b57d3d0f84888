import type { StorageIds } from "../crypto/storage-id.js";
import { ageOf } from "../instants.js";
import type { Labeled } from "../login-fields/label.js";
import type { SessionRecord, SessionStore } from "../store/session-store.js";
import { browserIn, type RememberedBrowser } from "./browser-record.js";
import type { RememberTokens } from "./token.js";

/** A valid token of a request, and the record of its browser. */
export interface PresentedToken {
  series: string;
  /** The number of the token that was presented. */
  generation: number;
  /** The id of the browser's record. */
  id: string;
  record: SessionRecord;
  browser: RememberedBrowser;
  /** Is this the token before the current one? */
  isPrevious: boolean;
  /** Was the last restore less than the grace period ago? */
  isRecent: boolean;
  /**
   * True if `isRecent` is true, or if the response to the last restore was lost. The previous token is then still
   * accepted.
   */
  isInGrace: boolean;
  isUsedUp: boolean;
}

/**
 * Grace period, in milliseconds: how long the previous token still restores a login. It is meant for requests that a
 * browser sent at the same time. The current token is not replaced during this period, so a token older than the
 * previous one cannot come from such a request.
 */
const GRACE = 60_000;
/**
 * The longest time between a restore and the creation of its session, in milliseconds. If the session was last seen
 * later than this, it was used after its creation.
 */
const LONGEST_CREATE = 5000;
/** The objects that a check of a token needs. */
export interface TokenReader {
  tokens: RememberTokens;
  ids: StorageIds;
  store: SessionStore;
  /** Is the client that presents the token the same as at the browser's last restore? */
  isSameClient: (browser: RememberedBrowser) => boolean;
}

/** Reads the record of a remembered browser; null if there is no record, or if it is of another kind. */
export async function readBrowser(store: SessionStore, id: string): Promise<SessionRecord | null> {
  const record = await store.read(id);
  return record?.kind === "browser" ? record : null;
}

/** Returns the valid token in a cookie's value, if its browser has a record; otherwise null. */
export async function readPresented(reader: TokenReader, value: string | undefined): Promise<PresentedToken | null> {
  const token = reader.tokens.read(value);
  if (!token) return null;
  const record = await readBrowser(reader.store, reader.ids.of(token.series));
  return record && judge(reader, token, record);
}

/**
 * Compares a valid token with the record of its browser. The sessions that the record names must not have ended yet.
 */
export async function judge(
  reader: TokenReader,
  { series, generation }: { series: string; generation: number },
  record: SessionRecord,
): Promise<PresentedToken> {
  const id = reader.ids.of(series);
  const browser = browserIn(record);
  // `age` is negative if the store lost the restore that made this token, for example in a failover. The token is then
  // treated as the current one.
  const age = browser.generation - generation;
  const isPrevious = age === 1;
  const isRecent = browser.generation > 0 && ageOf(record.lastSeenAt) <= GRACE;
  const isInGrace = isRecent || (isPrevious && (await wasResponseLost(reader, record, browser)));
  const isUsedUp = age > 1 || (isPrevious && !isInGrace);
  return { series, generation, id, record, browser, isPrevious, isRecent, isInGrace, isUsedUp };
}

/**
 * Was the response to the last restore lost? True if the same client presents the previous token, and the new session
 * was never used.
 */
async function wasResponseLost(
  { store, isSameClient }: TokenReader,
  { lastSeenAt }: SessionRecord,
  browser: RememberedBrowser,
): Promise<boolean> {
  const { sessions } = browser;
  // If the record names more than one session, the first one was used: a confirmation replaced it.
  if (sessions.length !== 1 || !isSameClient(browser)) return false;
  const created = await store.read(sessions[0]!);
  if (created?.kind !== "session" || wasSaved(created)) return false;
  return created.lastSeenAt - lastSeenAt < LONGEST_CREATE;
}

/** Was the session saved since it was created? A change of the label by another device does not count. */
function wasSaved({ revision, createdAt, data }: SessionRecord): boolean {
  const { labeledAt = 0 } = (data.auth ?? {}) as Labeled;
  return revision !== 0 && labeledAt < createdAt;
}
