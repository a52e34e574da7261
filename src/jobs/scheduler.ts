// Every instance ticks; the database decides who works. A run holds an advisory lock on a connection of its own, so a job never
// runs twice at a time, and a crashed instance's job is free at once. That a slot is done is written down together with the
// result of its run: of the instances that tick, one does it, and if that one dies in the middle, one of the others
// (docs/decisions/0003).

import type pg from "pg";
import type { Now } from "../database/clock.ts";
import { ShopClient } from "../database/client.ts";
import { connectionSettings, type Database, isConnectionError } from "../database/pool.ts";
import { iso, isoOrNull } from "../database/statement.ts";
import { Refusal, refuse } from "../refusal.ts";
import type { Job } from "./job.ts";
import { insertJobs, type JobRecord, recordRun, selectJobs, selectSlotIsFree, tryLockJob } from "./jobs.sql.ts";
import { newestDueAt, nextSlot } from "./due-at.ts";

export type SchedulerOptions = {
  database: Database;
  jobs: Job[];
  /** IANA name: schedules are in this zone. */
  timezone: string;
  /** The time by which jobs are due: the database's, so that instances whose clocks differ agree on what is due. */
  now: Now;
  /** Told of each run that failed, with the error itself; what is recorded says less. */
  onError?: (job: string, error: unknown) => void;
  /** How long `run` waits for a run that is under way. */
  waitMs?: number;
};

export type JobView = {
  name: string;
  schedule: string;
  lastRunAt: string | null;
  lastResult: unknown;
  lastRuns: { startedAt: string; finishedAt: string; result: unknown }[];
};

const OPERATOR_WAITS_MS = 30_000;
const TICK_WAITS_MS = 600_000;
const LOOK_AGAIN_MS = 100;
/** A timer goes by this process's clock, so it looks at the shop's at least this often. */
const LONGEST_TIMER_MS = 30_000;

export class Scheduler {
  readonly #database: Database;
  readonly #jobs: Map<string, Job>;
  readonly #timezone: string;
  readonly #onError: (job: string, error: unknown) => void;
  readonly #waitMs: number;
  readonly #now: Now;
  readonly #timers = new Map<string, NodeJS.Timeout>();
  readonly #ticking = new Map<string, Promise<void>>();
  readonly #stopping = new AbortController();

  constructor({ database, jobs, timezone, now, onError = () => {}, waitMs = OPERATOR_WAITS_MS }: SchedulerOptions) {
    this.#database = database;
    this.#jobs = new Map(jobs.map((job) => [job.name, job]));
    this.#timezone = timezone;
    this.#now = now;
    this.#onError = onError;
    this.#waitMs = waitMs;
  }

  /** Ticks from now on. What should have run while nobody was up runs now: once, however many slots were missed. */
  async start(): Promise<void> {
    await this.#database.rows(insertJobs([...this.#jobs.keys()]));
    for (const job of this.#jobs.values()) {
      this.#tick(job);
      this.#await(job, nextSlot(job.schedule, this.#timezone, this.#now()));
    }
  }

  /** Runs a job now, for an operator, after the run that is under way if there is one. Errors: NOT_FOUND, BUSY. */
  async run(name: string): Promise<JobView> {
    const job = this.#jobs.get(name) ?? refuse("NOT_FOUND", { job: name });
    await this.#database.rows(insertJobs([name]));
    if ((await this.#underLock(job, null, this.#waitMs)) === "busy") refuse("BUSY", { retryAfter: 5 });
    const view = (await this.#views([name]))[0];
    if (view === undefined) throw new Error(`job ${name} has lost its row`);
    return view;
  }

  /** Every job with its last ten runs. */
  async list(): Promise<{ jobs: JobView[] }> {
    return { jobs: await this.#views([...this.#jobs.keys()]) };
  }

  /** No more ticks; resolves when what runs here is through. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    for (const timer of this.#timers.values()) clearTimeout(timer);
    await Promise.all(this.#ticking.values());
  }

  /** Ticks at `slot` and at every later one. @param slot ms since 1970; undefined where the schedule has none left */
  #await(job: Job, slot: number | undefined): void {
    if (slot === undefined || this.#stopping.signal.aborted) return;
    const timer = setTimeout(
      () => {
        const now = this.#now();
        if (now < slot) return this.#await(job, slot);
        this.#tick(job);
        this.#await(job, nextSlot(job.schedule, this.#timezone, now));
      },
      Math.min(Math.max(slot - this.#now(), 1), LONGEST_TIMER_MS),
    );
    this.#timers.set(job.name, timer);
  }

  /** A slot that comes up while this instance is still at the last one is left out, as cron does. */
  #tick(job: Job): void {
    const slot = newestDueAt(job.schedule, this.#timezone, this.#now());
    if (slot === undefined || this.#ticking.has(job.name) || this.#stopping.signal.aborted) return;
    const work = this.#underLock(job, slot.toISOString(), TICK_WAITS_MS)
      .then(
        () => {},
        (error: unknown) => this.#onError(job.name, error),
      )
      .finally(() => this.#ticking.delete(job.name));
    this.#ticking.set(job.name, work);
  }

  /** @param slot null is a run that an operator asked for, which no slot counts */
  async #underLock(job: Job, slot: string | null, waitMs: number): Promise<"ran" | "done already" | "busy"> {
    if (slot !== null && !(await this.#isFree(job, slot))) return "done already";
    const deadline = performance.now() + waitMs;
    const client = new ShopClient(connectionSettings(this.#database.url));
    client.on("error", () => {}); // Then the lock is gone, and another may begin: jobs bear that, they only need not do so often.
    try {
      await client.connect();
      while (!(await locked(client, job.name))) {
        if (performance.now() >= deadline || this.#stopping.signal.aborted) return "busy";
        await new Promise((resolve) => setTimeout(resolve, LOOK_AGAIN_MS));
        if (slot !== null && !(await this.#isFree(job, slot))) return "done already";
      }
      // Only under the lock does nobody else do it in the next moment.
      if (slot !== null && !(await this.#isFree(job, slot))) return "done already";
      await this.#execute(job, slot);
      return "ran";
    } finally {
      await client.end().catch(() => {});
    }
  }

  async #isFree(job: Job, slot: string): Promise<boolean> {
    const [row] = await this.#database.rows<{ free: boolean }>(selectSlotIsFree(job.name, slot));
    return row?.free ?? false;
  }

  async #execute(job: Job, slot: string | null): Promise<void> {
    const startedAt = iso(this.#now());
    let result: Record<string, unknown>;
    try {
      result = await job.run();
    } catch (error) {
      this.#onError(job.name, error);
      result = { error: explain(error) };
    }
    await this.#database.rows(recordRun({ name: job.name, slot, startedAt, finishedAt: iso(this.#now()), result }));
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

async function locked(client: pg.Client, name: string): Promise<boolean> {
  const { rows } = await client.query<{ locked: boolean }>(tryLockJob(name));
  return rows[0]?.locked ?? false;
}

/** What may be shown of a failure: neither SQL nor host names are in it. The log has the error. */
function explain(error: unknown): string {
  if (error instanceof Refusal) return error.code;
  return isConnectionError(error) ? "the database could not be reached" : "the job failed; the log says why";
}
