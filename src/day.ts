// Calendar days in the shop's time zone. A day starts with its first instant. If clocks go forward
// at midnight, that is not midnight.

const DAY_MS = 86_400_000;
/** Rarely are more campaigns than this open at the same time. */
const MAX_CACHED = 100;

/**
 * Returns the start in this zone of the calendar day whose midnight in UTC is `utcMidnight`. A day
 * that the zone skips starts with the next one.
 */
export function startOfDay(utcMidnight: number, timezone: string): number {
  // The zone's offset at the guess may differ from the offset at the result, so the guess is
  // corrected once.
  const guess = utcMidnight - offsetAt(utcMidnight, timezone);
  const corrected = utcMidnight - offsetAt(guess, timezone);
  // If clocks go forward at midnight, the day has no midnight, and one of the two is in the day
  // before. The other is the start.
  return corrected + offsetAt(corrected, timezone) === utcMidnight ? corrected : Math.max(guess, corrected);
}

const cached = new Map<string, { from: number; until: number; end: number }>();

/**
 * Returns the end of the day that is `days` after the day of `now` in this zone: the first instant
 * of the next day, in ms since 1970.
 */
export function endOfDayAfter(days: number, now: number, timezone: string): number {
  const key = `${timezone} ${days}`;
  const known = cached.get(key);
  // In a rush all coupons are issued on the same day, and a call of Intl takes longer than issuing
  // one.
  if (known && known.from <= now && now < known.until) return known.end;
  const today = Math.floor((now + offsetAt(now, timezone)) / DAY_MS) * DAY_MS;
  const end = startOfDay(today + (days + 1) * DAY_MS, timezone);
  if (cached.size >= MAX_CACHED) cached.clear();
  cached.set(key, { from: now, until: startOfDay(today + DAY_MS, timezone), end });
  return end;
}

/** Returns how far the zone's clocks are ahead of UTC, in ms. */
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
  const part = (type: string): number => Number(parts.find((candidate) => candidate.type === type)?.value);
  return Date.UTC(part("year"), part("month") - 1, part("day"), part("hour"), part("minute"), part("second")) - Math.floor(at / 1000) * 1000;
}
