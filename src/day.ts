// Calendar days in the shop's time zone. A day begins with its first instant, which is not midnight where clocks go forward at midnight.

const DAY_MS = 86_400_000;
/** More campaigns than that are rarely open at a time. */
const MOST_REMEMBERED = 100;

/** When the calendar day that `utcMidnight` stands for begins in this zone. A day that the zone skips begins with the next one. */
export function startOfDay(utcMidnight: number, timezone: string): number {
  // The zone's offset at the guess may differ from the one at the answer, so the guess is mended once.
  const guess = utcMidnight - offsetAt(utcMidnight, timezone);
  const mended = utcMidnight - offsetAt(guess, timezone);
  // Where clocks go forward at midnight there is none, and one of the two lies in the day before: the day begins with the other.
  return mended + offsetAt(mended, timezone) === utcMidnight ? mended : Math.max(guess, mended);
}

const remembered = new Map<string, { from: number; until: number; end: number }>();

/** The end of the day that is `days` after the day of `now` in this zone: the first instant (ms) of the day after it. */
export function endOfDayAfter(days: number, now: number, timezone: string): number {
  const key = `${timezone} ${days}`;
  const known = remembered.get(key);
  // A crowd's coupons are issued on the same day, and asking Intl takes longer than issuing one.
  if (known && known.from <= now && now < known.until) return known.end;
  const today = Math.floor((now + offsetAt(now, timezone)) / DAY_MS) * DAY_MS;
  const end = startOfDay(today + (days + 1) * DAY_MS, timezone);
  if (remembered.size >= MOST_REMEMBERED) remembered.clear();
  remembered.set(key, { from: now, until: startOfDay(today + DAY_MS, timezone), end });
  return end;
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
