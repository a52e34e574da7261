/** A line of CSV (RFC 4180). */
export function csvLine(columns: readonly string[], row: Readonly<Record<string, unknown>>): string {
  return `${columns.map((column) => csvCell(row[column])).join(",")}\r\n`;
}

/**
 * A cell of CSV. Objects and lists become JSON. A text that spreadsheets would take for a formula gets an apostrophe in front: names, notes and
 * payment keys come from strangers.
 */
export function csvCell(value: unknown): string {
  if (value === null || value === undefined) return "";
  if (typeof value === "number" || typeof value === "boolean") return String(value);
  const text = typeof value === "string" ? value : JSON.stringify(value);
  const safe = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
