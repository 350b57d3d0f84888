import type { Core } from "../core.js";
import { StoreUnavailableError } from "../errors.js";
import type { JsonObject } from "../json.js";
import { isNewerLabel, type Labeled, withLabel } from "../login-fields/label.js";
import { readBrowser } from "../remember/presented-token.js";
import type { SessionAuth } from "../session/auth.js";
import { pauseBeforeRetry } from "../store/retry-pause.js";
import type { SessionRecord, StoredRecord } from "../store/session-store.js";
import { browsersOf, sessionsOf, storeOf } from "./store-logins.js";

/** The name of a login, for a lookup. */
type LoginName = Pick<SessionAuth, "userId" | "loginId">;

/** How many times a login is looked up while other requests change its records. */
const MAX_LOOKS = 20;

/** Gives a login a label, or none. Resolves with false if the user does not have this login. */
export function renameLogin(core: Core, login: LoginName, label: string | undefined): Promise<boolean> {
  return relabel(core, login, (records) => {
    // Later than each earlier label, even if the clock of this process is slow.
    const labeledAt = Math.max(Date.now(), ...records.map((record) => (labelIn(record).labeledAt ?? 0) + 1));
    return label === undefined ? { labeledAt } : { label, labeledAt };
  });
}

/**
 * If a record of a login that this request ended has a newer label, gives it to the other records of the login. Another
 * request has renamed the login in the meantime.
 */
export async function passOnLabel(core: Core, login: SessionAuth, ended: SessionRecord | null): Promise<void> {
  const label = ended ? labelIn(ended) : {};
  if (isNewerLabel(label, login)) await relabel(core, login, () => label);
}

/**
 * Changes the label in all records of a login. Each update succeeds only if the record has not changed since it was
 * listed, so it neither undoes a change nor brings a record back. If an update fails, the login is looked up again,
 * because it may have moved to another session.
 */
async function relabel(
  core: Core,
  login: LoginName,
  labelFor: (records: readonly StoredRecord[]) => Labeled,
): Promise<boolean> {
  let label: Labeled | undefined;
  for (let look = 0; look < MAX_LOOKS; look++) {
    await pauseBeforeRetry(look);
    const records = await recordsOf(core, login);
    if (!records) return false;
    label ??= labelFor(records);
    let missed = false;
    for (const record of records) {
      if (!isNewerLabel(label, labelIn(record))) continue;
      const data = labeled(record, label);
      missed = !(await storeOf(core).update(record.id, { ...record, data })) || missed;
    }
    if (!missed) return true;
  }
  throw new StoreUnavailableError("the login could not be renamed, because other requests kept changing it");
}

/**
 * Resolves with the records of a login, the browsers first, because they can restore a session; null if the user does
 * not have this login.
 */
async function recordsOf(core: Core, { userId, loginId }: LoginName): Promise<StoredRecord[] | null> {
  const browsers = new Map<string, StoredRecord>();
  const sessions: StoredRecord[] = [];
  let exists = false;
  for await (const { record, browser } of browsersOf(core, userId)) {
    if (browser.loginId === loginId) browsers.set(record.id, record);
  }
  for await (const { record, auth } of sessionsOf(core, userId)) {
    if (auth.loginId !== loginId) continue;
    sessions.push(record);
    exists ||= !auth.pending;
    // The record of the browser is created before its session, perhaps after the browsers were listed.
    if (auth.series === null || browsers.has(auth.series)) continue;
    const created = await readBrowser(storeOf(core), auth.series);
    if (created) browsers.set(auth.series, { ...created, id: auth.series });
  }
  return exists || browsers.size > 0 ? [...browsers.values(), ...sessions] : null;
}

function labelIn({ kind, data }: SessionRecord): Labeled {
  return (data[placeIn(kind)] ?? {}) as Labeled;
}

function labeled({ kind, data }: SessionRecord, label: Labeled): JsonObject {
  const place = placeIn(kind);
  return { ...data, [place]: withLabel((data[place] ?? {}) as JsonObject, label) };
}

/** Returns the key of the part of a record that has the label of its login. */
function placeIn(kind: string): "login" | "auth" {
  return kind === "browser" ? "login" : "auth";
}
