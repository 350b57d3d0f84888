import type { Request, Response } from "express";
import type { Keyring } from "../crypto/keys.js";
import { openCookie, sealCookie } from "../crypto/signed-cookie.js";
import type { DeviceRefusal, LoginEmitter } from "../events.js";
import { BrowserCookie } from "../http/cookies/browser-cookie.js";
import { ageOf } from "../instants.js";
import type { ResolvedOptions } from "../options/resolved-options.js";

/** How much longer the cookie is valid than the browser keeps it, because a request may take this long to arrive. */
const LATE = 30_000;
const FORMAT = /^(\d{13,15})\.([\w-]{43})$/;

/**
 * The cookie of a device: the id of the device and when the cookie was made, signed. It is checked without the store.
 * Without the cookies of a login that is bound to this device, it gives no access.
 */
export class DeviceCookie {
  readonly name: string;
  /** The attributes as in `Set-Cookie`, without the lifetime. The browser compares them. */
  readonly attributes: string;
  readonly #cookie: BrowserCookie;

  constructor(
    { sessionCookie, session }: Pick<ResolvedOptions, "sessionCookie" | "session">,
    events: LoginEmitter<never>,
    private readonly keys: Keyring,
    private readonly maxAge: number,
  ) {
    const { sameSite, partitioned = false } = sessionCookie;
    this.name = nameBeside(sessionCookie.name);
    const lasting = { path: "/", secure: true, httpOnly: true, sameSite, ...(partitioned && { partitioned }) };
    const resolved = { name: this.name, ...lasting };
    this.#cookie = new BrowserCookie({ resolved, attributesOf: undefined, proxy: session.proxy }, events);
    const same = sameSite[0]!.toUpperCase() + sameSite.slice(1);
    this.attributes = `Path=/; Secure; HttpOnly; SameSite=${same}${partitioned ? "; Partitioned" : ""}`;
  }

  set(req: Request, res: Response, deviceId: string): void {
    const value = sealCookie(`${Date.now()}.${deviceId}`, this.keys);
    this.#cookie.set(req, res, value, { maxAge: this.maxAge, encode: String });
  }

  clearIfAny(req: Request, res: Response): void {
    this.#cookie.clearIfAny(req, res);
  }

  /** Returns why the request has no valid cookie of this device; undefined if it has one. */
  refusalOf(req: Request, deviceId: string): DeviceRefusal | undefined {
    const value = this.#cookie.valueIn(req);
    const opened = value === undefined ? null : openCookie(value, this.keys);
    const [, at, id] = FORMAT.exec(opened?.payload ?? "") ?? [];
    if (id !== deviceId) return "no cookie";
    return ageOf(Number(at)) <= this.maxAge + LATE ? undefined : "expired cookie";
  }
}

/** Returns `__Host-device`, or `__Host-staff-device` with the realm "staff". */
function nameBeside(sessionName: string): string {
  const own = sessionName.replace(/^__(host|secure)-/i, "");
  return `__Host-${/(^|-)sid$/.test(own) ? own.replace(/sid$/, "device") : `${own}-device`}`;
}
