import type { Spread } from "./rounds.js";

/** Returns a Markdown table. All columns but the first are aligned right. */
export function table(head: string[], rows: Array<Array<string | number>>): string {
  const rule = head.map((_, i) => (i === 0 ? "---" : "---:"));
  return [head, rule, ...rows].map((cells) => `| ${cells.join(" | ")} |`).join("\n");
}

/** Formats a median with its range. */
export function spread({ median, range }: Spread, digits: number): string {
  return `${median.toFixed(digits)} (${range.map((end) => end.toFixed(digits)).join("–")})`;
}

export function whole(value: number): string {
  return Math.round(value).toLocaleString("en-US");
}
