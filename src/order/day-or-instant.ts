import { startOfDay } from "../day.ts";
import { FIRST_INSTANT, isDay, LAST_INSTANT, parseInstant } from "../http/instant.ts";
import { invalid } from "../refusal.ts";

const DAY_MS = 86_400_000;

/**
 * The instant of one edge of a period, in ms: an RFC 3339 instant as it is, or a date (YYYY-MM-DD)
 * in the shop's time zone. A date that starts the period is its first instant; a date that ends it
 * is the first instant of the next day.
 * Errors: INVALID_REQUEST at `path`.
 */
export function dayOrInstant(path: string, text: string | undefined, timezone: string, edge: "start" | "end"): number | null {
  if (text === undefined) return null;
  if (isDay(text)) {
    const at = startOfDay(Date.parse(text) + (edge === "end" ? DAY_MS : 0), timezone);
    // The first and last possible days reach beyond the range of instants.
    return Math.min(Math.max(at, FIRST_INSTANT), LAST_INSTANT);
  }
  return parseInstant(text) ?? invalid(path, "must be an RFC 3339 instant or a date (YYYY-MM-DD)");
}
