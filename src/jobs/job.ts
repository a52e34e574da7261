/** Something that the shop does by the clock. `schedule` is cron (minute hour day month weekday) in the shop's time zone. */
export type Job = {
  readonly name: string;
  readonly schedule: string;
  /** Does the work, answers what it did. Runs once at a time, whatever the number of instances, but may be cut short by a crash and run again. */
  run(): Promise<Record<string, unknown>>;
};
