const londonOffset = new Intl.DateTimeFormat("en-GB", { timeZone: "Europe/London", timeZoneName: "longOffset" });

const iso = /^(\d{4})-(\d{2})-(\d{2}) (\d{2}):(\d{2})(?::(\d{2}))?$/;
// Some copies of the data set were saved by a spreadsheet: month first, no leading zeros, no seconds.
const spreadsheet = /^(\d{1,2})\/(\d{1,2})\/(\d{4}) (\d{1,2}):(\d{2})$/;

/**
 * Converts British local time, `2010-12-01 08:26:00` or `12/1/2010 8:26`, to RFC 3339 in UTC. Undefined if there is no such time.
 * In the hour that repeats at the end of summer time, it is the later one.
 */
export function londonToUtc(wallClock: string): string | undefined {
  const wall = canonical(wallClock);
  if (wall === undefined) return undefined;
  const asIfUtc = new Date(`${wall}Z`);
  // Date turns 31 February into 3 March.
  if (Number.isNaN(asIfUtc.getTime()) || !asIfUtc.toISOString().startsWith(wall)) return undefined;
  return new Date(asIfUtc.getTime() - offsetMs(asIfUtc)).toISOString();
}

function canonical(wallClock: string): string | undefined {
  const day = iso.exec(wallClock);
  if (day) return `${day[1]}-${day[2]}-${day[3]}T${day[4]}:${day[5]}:${day[6] ?? "00"}`;
  const us = spreadsheet.exec(wallClock);
  if (us) return `${us[3]}-${two(us[1])}-${two(us[2])}T${two(us[4])}:${us[5]}:00`;
  return undefined;
}

const two = (digits: string | undefined) => (digits ?? "").padStart(2, "0");

// British clocks change at 01:00 UTC, so the offset at the wall time read as UTC is the offset at the wall time itself.
function offsetMs(instant: Date): number {
  const zone = londonOffset.formatToParts(instant).find((part) => part.type === "timeZoneName");
  return zone?.value === "GMT+01:00" ? 3_600_000 : 0;
}
