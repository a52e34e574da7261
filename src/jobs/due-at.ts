import { Cron } from "croner";

/**
 * Returns the latest time at or before `atMs` when this schedule was due, or undefined if there is
 * none.
 */
export function newestDueAt(schedule: string, timezone: string, atMs: number): Date | undefined {
  // The search excludes its starting point and works in whole seconds.
  return new Cron(schedule, { timezone, paused: true }).previousRuns(1, new Date(Math.floor(atMs / 1000) * 1000 + 1000))[0];
}

/**
 * Returns the first time after `atMs` when this schedule is due, in ms since 1970, or undefined if
 * there is none.
 */
export function nextDueAt(schedule: string, timezone: string, atMs: number): number | undefined {
  return new Cron(schedule, { timezone, paused: true }).nextRun(new Date(atMs))?.getTime();
}
