import type { JsonObject } from "../json.js";

/** A login whose browser is remembered. */
export interface RememberedLogin {
  userId: string;
  loginId: string;
  /** The keyed hash of the user's stamp. */
  stamp: string | null;
}

/** How long a browser is remembered. */
export interface RememberedTime {
  /** The requested duration, in milliseconds. */
  duration: number;
  /** When the duration is over, in milliseconds since the epoch. */
  until: number;
}

/** How long a browser is to be remembered by a new cookie. */
export interface NewRemembered extends RememberedTime {
  /** The `later` of the cookie that the new one replaces. */
  later?: JsonObject | undefined;
}
