import { Cron } from "croner";

/** The latest time, at or before `atMs`, at which this schedule was due; undefined where there never was one. */
export function newestDueAt(schedule: string, timezone: string, atMs: number): Date | undefined {
  // The search excludes its own starting point and counts in whole seconds.
  return new Cron(schedule, { timezone, paused: true }).previousRuns(1, new Date(Math.floor(atMs / 1000) * 1000 + 1000))[0];
}

/** The first time after `atMs` at which this schedule is due, in ms; undefined where there is none. */
export function nextSlot(schedule: string, timezone: string, atMs: number): number | undefined {
  return new Cron(schedule, { timezone, paused: true }).nextRun(new Date(atMs))?.getTime();
}
