const english = new Intl.DateTimeFormat("en", { dateStyle: "medium", timeStyle: "short", timeZone: "UTC" });
const relative = new Intl.RelativeTimeFormat("en", { numeric: "auto" });

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const UNITS = [
  ["year", 365 * DAY],
  ["month", 30 * DAY],
  ["week", 7 * DAY],
  ["day", DAY],
  ["hour", HOUR],
  ["minute", MINUTE],
] as const;

/** Returns the exact time. The server does not know the visitor's time zone, so it shows UTC. */
export function when(instant: number | Date): string {
  return `${english.format(instant)} UTC`;
}

/** Returns how long ago a time was, such as "3 minutes ago". */
export function ago(instant: number | Date): string {
  const age = Date.now() - Number(instant);
  for (const [unit, length] of UNITS) {
    if (age >= length) return relative.format(-Math.floor(age / length), unit);
  }
  return "just now";
}
