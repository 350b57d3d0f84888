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

/** How long a new cookie remembers a browser. */
export interface NewRemembered extends RememberedTime {
  /** The data of a later version, from the cookie that the new cookie replaces. */
  later?: JsonObject | undefined;
}
