// Goes red with a fixed day of 24 hours, or with days in UTC.

import assert from "node:assert/strict";
import { test } from "node:test";
import { endOfDayAfter } from "./day.ts";

const end = (days: number, now: string, timezone: string): string => new Date(endOfDayAfter(days, Date.parse(now), timezone)).toISOString();

test("a day n days later ends at the first instant of the next day, at any hour of issue", () => {
  for (const now of ["2026-11-19T15:00:00Z", "2026-11-20T03:00:00Z", "2026-11-20T14:59:59.999Z"]) {
    assert.equal(end(1, now, "Asia/Seoul"), "2026-11-21T15:00:00.000Z", now);
    assert.equal(end(7, now, "Asia/Seoul"), "2026-11-27T15:00:00.000Z", now);
  }
  assert.equal(end(1, "2026-11-20T15:00:00Z", "Asia/Seoul"), "2026-11-22T15:00:00.000Z");
  assert.equal(end(1, "2026-11-19T14:59:59.999Z", "Asia/Seoul"), "2026-11-20T15:00:00.000Z");
});

test("days of 23 and 25 hours, days without a midnight and a skipped day end correctly", () => {
  for (const [days, now, timezone, expected] of [
    [1, "2024-03-09T12:00:00Z", "America/New_York", "2024-03-11T04:00:00.000Z"],
    [1, "2024-11-02T12:00:00Z", "America/New_York", "2024-11-04T05:00:00.000Z"],
    // The next day has no midnight: it starts at one o'clock.
    [1, "2024-09-06T12:00:00Z", "America/Santiago", "2024-09-08T04:00:00.000Z"],
    [2, "2024-04-23T12:00:00Z", "Africa/Cairo", "2024-04-25T22:00:00.000Z"],
    // Samoa had no 30 December 2011: both days end when the 31st starts.
    [0, "2011-12-30T03:00:00Z", "Pacific/Apia", "2011-12-30T10:00:00.000Z"],
    [1, "2011-12-30T03:00:00Z", "Pacific/Apia", "2011-12-30T10:00:00.000Z"],
    [2, "2011-12-30T03:00:00Z", "Pacific/Apia", "2011-12-31T10:00:00.000Z"],
  ] as const)
    assert.equal(end(days, now, timezone), expected, `${days} days from ${now} in ${timezone}`);
});
