import { safe } from "./safe-text.js";

/** Formats rows as lines with aligned columns. Escapes unsafe characters. Does not pad the last column. */
export function table(rows: readonly (readonly string[])[]): string {
  const cells = rows.map((row) => row.map(safe));
  const widths = cells[0]!.map((_, column) => Math.max(...cells.map((row) => row[column]!.length)));
  const line = (row: string[]) => row.map((cell, column) => cell.padEnd(widths[column]!)).join("  ");
  return cells.map((row) => line(row).trimEnd()).join("\n");
}
