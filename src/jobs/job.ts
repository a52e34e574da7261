/** A scheduled job. `schedule` is cron (minute hour day month weekday) in the shop's time zone. */
export type Job = {
  readonly name: string;
  readonly schedule: string;
  /**
   * Does the work and returns a summary. Never runs twice at once, whatever the number of
   * instances. It has to bear being interrupted by a crash and run again.
   */
  run(): Promise<Record<string, unknown>>;
};
