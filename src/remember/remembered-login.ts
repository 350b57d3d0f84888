/** A login whose browser is remembered. */
export interface RememberedLogin {
  userId: string;
  loginId: string;
  /** The keyed hash of the user's stamp. */
  stamp: string | null;
}

/** How long a browser is remembered. */
export interface RememberedTime {
  /** Milliseconds that were asked for. */
  duration: number;
  /** The instant when they are over. */
  until: number;
}
