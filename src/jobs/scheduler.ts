// Every instance schedules every job; the database decides which one works. A run holds an advisory
// lock on a connection of its own, so a job never runs twice at once, and a crashed instance's job
// is free at once. The due time is marked as done together with the run's result. So of all
// instances one does the run, and if it crashes in the middle, another (docs/decisions/0003).

import { setTimeout as sleep } from "node:timers/promises";
import type pg from "pg";
import { backoffMs } from "../backoff.ts";
import { ShopClient } from "../database/client.ts";
import type { Now } from "../database/clock.ts";
import { connectionSettings, type Database, isConnectionError } from "../database/pool.ts";
import { iso, isoOrNull } from "../database/statement.ts";
import { Refusal, refuse } from "../refusal.ts";
import { newestDueAt, nextDueAt } from "./due-at.ts";
import type { Job } from "./job.ts";
import { insertJobs, type JobRecord, recordRun, selectIsDue, selectJobs, tryLockJob } from "./jobs.sql.ts";

export type SchedulerOptions = {
  database: Database;
  jobs: Job[];
  /** IANA name of the zone of all schedules. */
  timezone: string;
  /** The database's time, so that instances whose clocks differ agree on which jobs are due. */
  now: Now;
  /** Called with the error of each run that failed; the recorded result says less. */
  onError?: (job: string, error: unknown) => void;
  /** How long `run` waits for a run that is in progress, in ms. */
  waitMs?: number;
};

export type JobView = {
  name: string;
  schedule: string;
  lastRunAt: string | null;
  lastResult: unknown;
  lastRuns: { startedAt: string; finishedAt: string; result: unknown }[];
};

const OPERATOR_WAIT_MS = 30_000;
const SCHEDULED_WAIT_MS = 600_000;
const RETRY_LOCK_MS = 100;
/** Timers follow this process's clock, so the database's time is checked at least this often. */
const MAX_TIMER_MS = 30_000;

export class Scheduler {
  readonly #database: Database;
  readonly #jobs: Map<string, Job>;
  readonly #timezone: string;
  readonly #onError: (job: string, error: unknown) => void;
  readonly #waitMs: number;
  readonly #now: Now;
  readonly #timers = new Map<string, NodeJS.Timeout>();
  readonly #running = new Map<string, Promise<void>>();
  readonly #stopping = new AbortController();

  constructor({ database, jobs, timezone, now, onError = () => {}, waitMs = OPERATOR_WAIT_MS }: SchedulerOptions) {
    this.#database = database;
    this.#jobs = new Map(jobs.map((job) => [job.name, job]));
    this.#timezone = timezone;
    this.#now = now;
    this.#onError = onError;
    this.#waitMs = waitMs;
  }

  /**
   * Starts scheduling. A job that became due while no instance was up runs now, once, however many
   * due times were missed.
   */
  async start(): Promise<void> {
    await this.#database.rows(insertJobs([...this.#jobs.keys()]));
    for (const job of this.#jobs.values()) {
      this.#runIfDue(job);
      this.#schedule(job, nextDueAt(job.schedule, this.#timezone, this.#now()));
    }
  }

  /** Runs a job now for an operator, after a run that is in progress. Errors: NOT_FOUND, BUSY. */
  async run(name: string): Promise<JobView> {
    const job = this.#jobs.get(name) ?? refuse("NOT_FOUND", { job: name });
    await this.#database.rows(insertJobs([name]));
    if ((await this.#runLocked(job, null, this.#waitMs)) === "busy") refuse("BUSY", { retryAfter: 5 });
    const [view] = await this.#views([name]);
    if (view === undefined) throw new Error(`job ${name} has no row`);
    return view;
  }

  /** Every job with its last ten runs. */
  async list(): Promise<{ jobs: JobView[] }> {
    return { jobs: await this.#views([...this.#jobs.keys()]) };
  }

  /** Stops scheduling and resolves when this instance's runs have ended. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    for (const timer of this.#timers.values()) clearTimeout(timer);
    await Promise.all(this.#running.values());
  }

  /**
   * Runs a job at `dueAt` (ms since 1970) and at every later due time. Undefined: the schedule has
   * no later one.
   */
  #schedule(job: Job, dueAt: number | undefined): void {
    if (dueAt === undefined) return;
    this.#setTimer(job.name, Math.min(Math.max(dueAt - this.#now(), 1), MAX_TIMER_MS), () => {
      const now = this.#now();
      if (now < dueAt) return this.#schedule(job, dueAt);
      this.#runIfDue(job);
      this.#schedule(job, nextDueAt(job.schedule, this.#timezone, now));
    });
  }

  /**
   * Skips a due time that comes while this instance still runs the job, as cron does. A run that the
   * database prevented is tried again: the next due time may be a day away.
   * @param attempt from 1
   */
  #runIfDue(job: Job, attempt = 1): void {
    const dueAt = newestDueAt(job.schedule, this.#timezone, this.#now());
    if (dueAt === undefined || this.#running.has(job.name) || this.#stopping.signal.aborted) return;
    const run = this.#runLocked(job, dueAt.toISOString(), SCHEDULED_WAIT_MS)
      .then(
        () => {},
        (error: unknown) => {
          this.#onError(job.name, error);
          this.#setTimer(`${job.name}, again`, backoffMs(attempt), () => this.#runIfDue(job, attempt + 1));
        },
      )
      .finally(() => this.#running.delete(job.name));
    this.#running.set(job.name, run);
  }

  #setTimer(name: string, ms: number, run: () => void): void {
    if (this.#stopping.signal.aborted) return;
    clearTimeout(this.#timers.get(name));
    this.#timers.set(name, setTimeout(run, ms));
  }

  /** @param dueAt null for a run that an operator requested, which counts for no due time */
  async #runLocked(job: Job, dueAt: string | null, waitMs: number): Promise<"ran" | "done already" | "busy"> {
    if (dueAt !== null && !(await this.#isDue(job, dueAt))) return "done already";
    const deadline = performance.now() + waitMs;
    const client = new ShopClient(connectionSettings(this.#database.url));
    // The lock is lost with the connection, and another instance may start: jobs have to bear that.
    client.on("error", () => {});
    try {
      await client.connect();
      while (!(await tryLock(client, job.name))) {
        if (performance.now() >= deadline || this.#stopping.signal.aborted) return "busy";
        await sleep(RETRY_LOCK_MS);
        if (dueAt !== null && !(await this.#isDue(job, dueAt))) return "done already";
      }
      // Again under the lock, because another instance may have just finished the run.
      if (dueAt !== null && !(await this.#isDue(job, dueAt))) return "done already";
      await this.#execute(job, dueAt);
      return "ran";
    } finally {
      await client.end().catch(() => {});
    }
  }

  async #isDue(job: Job, dueAt: string): Promise<boolean> {
    const [row] = await this.#database.rows<{ due: boolean }>(selectIsDue(job.name, dueAt));
    return row?.due ?? false;
  }

  /** Errors: the database could not be reached. The job stays due. */
  async #execute(job: Job, dueAt: string | null): Promise<void> {
    const startedAt = iso(this.#now());
    const record = (doneDueAt: string | null, result: Record<string, unknown>): Promise<unknown> =>
      this.#database.rows(recordRun({ name: job.name, dueAt: doneDueAt, startedAt, finishedAt: iso(this.#now()), result }));
    try {
      await record(dueAt, await job.run());
    } catch (error) {
      const prevented = isConnectionError(error);
      await record(prevented ? null : dueAt, { error: publicReason(error) });
      if (prevented && dueAt !== null) throw error;
      this.#onError(job.name, error);
    }
  }

  async #views(names: string[]): Promise<JobView[]> {
    const records = new Map((await this.#database.rows<JobRecord>(selectJobs(names))).map((record) => [record.name, record]));
    return names.map((name) => {
      const { lastRunAt = null, lastResult = null, lastRuns = [] } = records.get(name) ?? {};
      return {
        name,
        schedule: this.#jobs.get(name)?.schedule ?? "",
        lastRunAt: isoOrNull(lastRunAt),
        lastResult,
        lastRuns: lastRuns.map((run) => ({ startedAt: iso(run.startedAt), finishedAt: iso(run.finishedAt), result: run.result })),
      };
    });
  }
}

async function tryLock(client: pg.Client, name: string): Promise<boolean> {
  const { rows } = await client.query<{ locked: boolean }>(tryLockJob(name));
  return rows[0]?.locked ?? false;
}

/** The reason that operators may see: without SQL and host names. The log has the error. */
function publicReason(error: unknown): string {
  if (error instanceof Refusal) return error.code;
  return isConnectionError(error) ? "the database could not be reached" : "the job failed; the log says why";
}
