import { startOfDay } from "../day.ts";
import { FIRST_INSTANT, isDay, LAST_INSTANT, parseInstant } from "../http/instant.ts";
import { invalid } from "../refusal.ts";

/**
 * The instant, in ms, that a query means: an RFC 3339 instant is itself, a day (YYYY-MM-DD) its beginning in the shop's zone,
 * or for the end of a span the beginning of the day after.
 * Errors: INVALID_REQUEST at `path`.
 */
export function dayOrInstant(path: string, text: string | undefined, timezone: string, edge: "start" | "end"): number | null {
  if (text === undefined) return null;
  if (isDay(text)) {
    const at = startOfDay(Date.parse(text) + (edge === "end" ? DAY_MS : 0), timezone);
    // The first and the last day of all end outside of what can be written.
    return Math.min(Math.max(at, FIRST_INSTANT), LAST_INSTANT);
  }
  return parseInstant(text) ?? invalid(path, "must be an RFC 3339 instant or a date (YYYY-MM-DD)");
}

const DAY_MS = 86_400_000;
