import { storageId } from "./storage-id.js";

/** What a persistent remember cookie says: `v1.<series>.<token>`, 16 and 32 bytes in base64url. */
export interface PresentedToken {
  series: string;
  token: string;
  /** What the store knows the series by. */
  id: string;
}

/** The value of a cookie in its parts; null when it is absent or malformed, which costs the store nothing. */
export function readToken(value: string | undefined): PresentedToken | null {
  const [, series, token] = /^v1\.([\w-]{22})\.([\w-]{43})$/.exec(value ?? "") ?? [];
  if (series === undefined || token === undefined) return null;
  // The last letter of either has bits to spare, so there are several spellings of the same bytes.
  for (const part of [series, token]) {
    if (Buffer.from(part, "base64url").toString("base64url") !== part) return null;
  }
  return { series, token, id: storageId(series) };
}

/** The value of a cookie. */
export function writeToken(series: string, token: string): string {
  return `v1.${series}.${token}`;
}
