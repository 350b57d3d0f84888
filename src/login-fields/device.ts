import type { JsonObject } from "../json.js";
import { type Labeled, withNewerLabel } from "./label.js";

/** The device of a login: a browser that keeps a private key. See `latchkey/device-bound`. */
export interface Device {
  /** The SHA-256 of the public key. (RFC 7638) */
  id: string;
  /** The public key. (RFC 7517) */
  key: JsonObject;
  /** When the browser registered the key, in milliseconds since the epoch. */
  registeredAt: number;
  /**
   * Since when the login needs the device. Absent until the browser has sent the cookie of the device, because the
   * response to the registration may be lost.
   */
  boundAt?: number;
  /** The id of the record of the remembered browser, and how often its login had been restored before the registration. */
  browser?: { id: string; generation: number };
}

/** A login that may have a device. */
export interface Bound {
  device?: Device;
}

/**
 * Returns the login with the fields that other requests may have changed in another record of it, as that record has them:
 * its device, and its label if that is newer.
 */
export function withChangesIn<T extends object>(login: T, record: Labeled & Bound): T {
  return withDeviceIn(withNewerLabel(login, record), record);
}

/** Returns the login with the device of another record, if that record has one. */
export function withDeviceIn<T extends object>(login: T, { device }: Bound): T {
  const { device: own } = login as Bound;
  return !device || (own?.id === device.id && own.boundAt === device.boundAt) ? login : { ...login, device };
}
