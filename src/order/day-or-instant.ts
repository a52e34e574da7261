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
  return parseInstant(text) ?? invalid(path, "must be an RFC 3339 instant or a day, YYYY-MM-DD");
}

const DAY_MS = 86_400_000;

/** When the calendar day that `utcMidnight` stands for begins in this zone. */
function startOfDay(utcMidnight: number, timezone: string): number {
  // The zone's offset at the guess may differ from the one at the answer, so the guess is mended once.
  const guess = utcMidnight - offsetAt(utcMidnight, timezone);
  const mended = utcMidnight - offsetAt(guess, timezone);
  // Where clocks go forward at midnight there is none, and one of the two lies in the day before: the day begins with the other.
  return mended + offsetAt(mended, timezone) === utcMidnight ? mended : Math.max(guess, mended);
}

/** How far the zone's clocks are ahead of UTC, in ms. */
function offsetAt(at: number, timezone: string): number {
  const parts = new Intl.DateTimeFormat("en-US", {
    timeZone: timezone,
    hourCycle: "h23",
    year: "numeric",
    month: "numeric",
    day: "numeric",
    hour: "numeric",
    minute: "numeric",
    second: "numeric",
  }).formatToParts(at);
  const part = (type: string): number => Number(parts.find((one) => one.type === type)?.value);
  return Date.UTC(part("year"), part("month") - 1, part("day"), part("hour"), part("minute"), part("second")) - Math.floor(at / 1000) * 1000;
}
