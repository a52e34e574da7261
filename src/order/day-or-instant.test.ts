import assert from "node:assert/strict";
import { test } from "node:test";
import { dayOrInstant } from "./day-or-instant.ts";

test("a day starts at its first instant in the time zone, also when the clocks change at midnight", () => {
  for (const [timezone, day, start] of [
    ["Asia/Seoul", "2026-11-20", "2026-11-19T15:00:00.000Z"],
    ["America/New_York", "2024-03-10", "2024-03-10T05:00:00.000Z"],
    ["Australia/Sydney", "2024-10-06", "2024-10-05T14:00:00.000Z"],
    ["America/Santiago", "2024-04-07", "2024-04-07T04:00:00.000Z"],
    // These days have no midnight and start at one.
    ["America/Santiago", "2024-09-08", "2024-09-08T04:00:00.000Z"],
    ["America/Havana", "2024-03-10", "2024-03-10T05:00:00.000Z"],
    ["Africa/Cairo", "2024-04-26", "2024-04-25T22:00:00.000Z"],
  ] as const) {
    assert.equal(new Date(dayOrInstant("/from", day, timezone, "start") ?? 0).toISOString(), start, `${day} in ${timezone}`);
  }
});
