import type { Request } from "express";
import type { JsonObject } from "../json.js";
import type { Bound } from "../login-fields/device.js";
import type { Part } from "./part.js";

/** The value of the option `deviceBound`. */
export interface DeviceBinding extends Part<"deviceBound"> {
  /** How long the cookie of a device is valid, in milliseconds. */
  readonly cookieMaxAge: number;
}

type Next = (error?: unknown) => void;

/** The token of a remember cookie, and the record of its browser. */
interface PresentedToken {
  id: string;
  generation: number;
  isUsedUp: boolean;
  browser: {
    userId: string;
    loginId: string;
    /** Fields of the login, such as its device. */
    login?: JsonObject;
  };
}

/** The part `deviceBound`: which requests may use the logins that are bound to a device. */
export interface Devices {
  /**
   * Returns the session of a request; null if the request must not use the login in it. The session stays in the store.
   */
  shownTo<S extends object>(req: Request, session: S | null): S | null;
  /**
   * May this request use the login of its remember cookie? Also returns true for a used-up token from before the device
   * was registered: its owner never had the device, so it must raise an alarm.
   */
  admits(req: Request, token: PresentedToken): boolean;
  /** Was a login refused for this request? Its remember cookie then stays in the browser. */
  hasRefused(req: Request): boolean;
  /**
   * The id of the login of this user that was refused for the request. A new login of the user replaces it: its browser has
   * lost the key, so nobody can use it any more.
   */
  lostLogin(req: Request, userId: string): string | undefined;
  /**
   * Was a login refused whose browser has the key, but could not use it? Its session cookie must then stay in the browser.
   */
  isExcused(req: Request): boolean;
  /**
   * Does this login have a device, and did the request have the valid cookie of this device?
   *
   * @param login the login of the request's user
   */
  isShown(req: Request, login: Bound | undefined): boolean;
  /** Called when a login was put into a new session. Offers the browser to register a key. */
  offer(context: object): Promise<void>;
  /** Called when the login of a request is imported, before `handle`. The response asks the browser to register a key. */
  noteImport(req: Request): void;
  /** Responds to a browser's request about its key. Passes every other request to `enter`, with the same arguments. */
  handle<C extends object>(context: C, next: Next, enter: (context: C, next: Next) => void): void;
}
