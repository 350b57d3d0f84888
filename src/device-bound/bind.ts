import { storeOf } from "../active-sessions/store-logins.js";
import type { Core } from "../core.js";
import { StoreUnavailableError } from "../errors.js";
import { ageOf } from "../instants.js";
import type { JsonObject } from "../json.js";
import type { Bound, Device } from "../login-fields/device.js";
import { browserIn } from "../remember/browser-record.js";
import type { SessionAuth } from "../session/auth.js";
import { pauseBeforeRetry } from "../store/retry-pause.js";
import type { SessionRecord, SessionStore } from "../store/session-store.js";

/** A session or a browser, and its record as it was read. */
export interface StoredSession {
  readonly id: string;
  readonly record: SessionRecord | null;
}

/** Another key may replace a registered key if the browser has not sent the cookie of the device within this time. */
const UNUSED_LASTS = 60_000;
/** How many times an update is tried while other requests change the record. */
const MAX_TRIES = 20;

/** Must a login with this device reject every other key? */
export function isSettled(device: Device | undefined): device is Device {
  return device !== undefined && (device.boundAt !== undefined || ageOf(device.registeredAt) < UNUSED_LASTS);
}

/**
 * Stores the device of a login: first in the record of its browser, then in its session. So a crash never leaves a
 * session that needs the device, and a remember cookie that does not. If two keys are registered, the first one is
 * kept.
 *
 * @param device with `boundAt`, unless the browser has only registered its key
 * @returns the device as it is stored; "other key" if the login already has another key, or if a copy of this
 * registration came first; null if the login has ended
 */
export async function bind(core: Core, session: StoredSession, device: Device): Promise<Device | "other key" | null> {
  const store = storeOf(core);
  const { loginId, series } = session.record!.data.auth as unknown as SessionAuth;
  let bound = device;
  if (series !== null) {
    const held = await put(store, { id: series, record: null }, { place: "login", device, loginId });
    if (held === "other key") return held;
    bound = held ?? device; // a browser's record may have expired before its session
  }
  return put(store, session, { place: "auth", device: bound, loginId });
}

/** The same as `bind`, for a login without a session. @param browser the record of its browser */
export function bindBrowser(core: Core, browser: StoredSession, device: Device): ReturnType<typeof bind> {
  const { loginId } = browserIn(browser.record!);
  return put(storeOf(core), browser, { place: "login", device, loginId });
}

/** Writes a device into a record, unless the record already has another key. */
async function put(
  store: SessionStore,
  { id, record: read }: StoredSession,
  { place, device, loginId }: { place: "login" | "auth"; device: Device; loginId: string },
): Promise<Device | "other key" | null> {
  let record = read ?? (await store.read(id));
  for (let tried = 1; record; tried++) {
    const { data } = record;
    const login = (data[place] ?? {}) as JsonObject;
    if ((place === "auth" ? login : data).loginId !== loginId) return null;
    const { device: held } = login as Bound;
    if (held && held.id !== device.id && isSettled(held)) return "other key";
    const same = held?.id === device.id ? held : undefined;
    const boundAt = same?.boundAt ?? device.boundAt;
    if (same && same.boundAt === boundAt) return place === "auth" && boundAt === undefined ? "other key" : same;
    const browser = place === "login" ? { browser: { id, generation: data.generation as number } } : {};
    const next = { ...browser, ...device, ...same, ...(boundAt !== undefined && { boundAt }) };
    const changed = { ...data, [place]: { ...login, device: next as unknown as JsonObject } };
    if (await store.update(id, { ...record, data: changed })) return next;
    if (tried === MAX_TRIES) break;
    await pauseBeforeRetry(tried);
    record = await store.read(id);
  }
  if (!record) return null;
  throw new StoreUnavailableError("a login could not be bound, because other requests kept changing its records");
}
