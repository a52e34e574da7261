import assert from "node:assert/strict";
import { after, afterEach, before, beforeEach, test } from "node:test";
import pg from "pg";
import { Database } from "../../src/database/pool.ts";
import type { Job } from "../../src/jobs/job.ts";
import { tryLockJob } from "../../src/jobs/jobs.sql.ts";
import { purge } from "../../src/jobs/purge.ts";
import { Scheduler, type SchedulerOptions } from "../../src/jobs/scheduler.ts";
import { shopJobs } from "../../src/app/shop-jobs.ts";
import { newestDueAt } from "../../src/jobs/due-at.ts";
import { Relay } from "../../src/outbox/relay.ts";
import { Refusal } from "../../src/refusal.ts";
import type { Till } from "../../src/till/till.ts";
import { freshDatabase } from "../support/database.ts";

const ZONE = "Asia/Seoul";
const YEARLY = "0 0 1 1 *";

let url: string;
let database: Database;
let drop: () => Promise<void>;
const schedulers: Scheduler[] = [];

before(async () => {
  const fresh = await freshDatabase();
  ({ url, drop } = fresh);
  database = new Database(url, { size: 10, onError: () => {} });
});
beforeEach(async () => {
  await database.pool.query("TRUNCATE jobs, job_runs");
});
afterEach(async () => {
  await Promise.all(schedulers.splice(0).map((scheduler) => scheduler.stop()));
});
after(async () => {
  await database.close();
  await drop();
});

function scheduler(jobs: Job[], options: Partial<SchedulerOptions> = {}): Scheduler {
  const made = new Scheduler({ database, jobs, timezone: ZONE, now: Date.now, onError: (_, error) => assert.fail(error as Error), ...options });
  schedulers.push(made);
  return made;
}

/** A job that counts its runs and detects overlapping ones. */
class CountingJob implements Job {
  readonly name = "count";
  readonly schedule: string;
  readonly lastsMs: number;
  runs = 0;
  maxConcurrent = 0;
  #now = 0;

  constructor(schedule = YEARLY, lastsMs = 20) {
    this.schedule = schedule;
    this.lastsMs = lastsMs;
  }

  async run(): Promise<Record<string, unknown>> {
    this.runs++;
    this.maxConcurrent = Math.max(this.maxConcurrent, ++this.#now);
    await pause(this.lastsMs);
    this.#now--;
    return { runs: this.runs };
  }
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

async function until(condition: () => boolean | Promise<boolean>, ms = 60_000): Promise<void> {
  for (const deadline = Date.now() + ms; !(await condition());) {
    if (Date.now() > deadline) assert.fail(`not within ${ms} ms: ${String(condition)}`);
    await pause(10);
  }
}

const recorded = async (): Promise<number> => (await database.pool.query("SELECT FROM job_runs")).rowCount ?? 0;

test("a missed run is caught up once, by one of five instances", async () => {
  const job = new CountingJob(YEARLY, 0);
  await Promise.all(Array.from({ length: 5 }, () => scheduler([job]).start()));
  await until(async () => (await recorded()) === 1);
  await Promise.all(schedulers.splice(0).map((one) => one.stop()));
  assert.deepEqual([job.runs, job.maxConcurrent, await recorded()], [1, 1, 1]);
  await scheduler([job]).start();
  await pause(200);
  assert.equal(job.runs, 1, "a completed run is not repeated");
});

test("a job is due by the shop's clock, not by the process's clock", async () => {
  const newYear = Date.parse("2031-01-01T00:00:00+09:00");
  let time = newYear - 300;
  const job = new CountingJob(YEARLY, 0);
  await scheduler([job], { now: () => time }).start();
  // This is the run of the year before, which was missed.
  await until(async () => (await recorded()) === 1);
  time = newYear;
  await until(async () => (await recorded()) === 2);
  const { rows } = await database.pool.query<{ slot: number; last: number }>("SELECT slot, last_run_at AS last FROM jobs WHERE name = 'count'");
  assert.equal(rows[0]?.slot, newYear);
  assert.ok((rows[0]?.last ?? 0) >= newYear);
});

test("two instances that tick run a job once per due time", async () => {
  const job = new CountingJob("* * * * * *");
  await Promise.all([scheduler([job]).start(), scheduler([job]).start()]);
  await until(() => job.runs >= 4);
  await Promise.all(schedulers.splice(0).map((one) => one.stop()));
  const { rows } = await database.pool.query<{ seconds: number; runs: number }>(
    "SELECT count(DISTINCT date_trunc('second', started_at)) AS seconds, count(*) AS runs FROM job_runs",
  );
  assert.equal(job.maxConcurrent, 1);
  assert.equal(rows[0]?.runs, job.runs);
  assert.equal(rows[0]?.seconds, job.runs);
});

test("operators who run one job on two instances at once get a run each, one after the other", async () => {
  const job = new CountingJob();
  const [one, other] = [scheduler([job]), scheduler([job])];
  const views = await Promise.all([one.run("count"), other.run("count"), one.run("count")]);
  assert.deepEqual([job.runs, job.maxConcurrent], [3, 1]);
  assert.deepEqual(
    views.map(({ name, schedule }) => [name, schedule]),
    views.map(() => ["count", YEARLY]),
  );
});

// The test fails if the due time is recorded before the run, because the run then counts as done.
test("a job whose instance died during the run is run again by another instance", async () => {
  const job = new CountingJob();
  let started = false;
  const dying = new Scheduler({
    database,
    jobs: [{ ...job, run: () => ((started = true), new Promise<never>(() => {})) }],
    timezone: ZONE,
    now: Date.now,
  });
  await dying.start();
  await until(() => started);
  void dying.stop(); // It no longer ticks, and its run never ends.
  await scheduler([job]).start();
  await pause(300);
  assert.equal(job.runs, 0, "another instance ran the job during the first run");
  await database.pool.query(
    "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND granted AND database = (SELECT oid FROM pg_database WHERE datname = current_database())",
  );
  await until(() => job.runs === 1);
});

// #underLock has a deadline.
test("an operator's run of a busy job is refused after a wait, and of an unknown job at once", async () => {
  const holder = new pg.Client({ connectionString: url });
  await holder.connect();
  await holder.query(tryLockJob("count"));
  const impatient = scheduler([new CountingJob()], { waitMs: 150 });
  await assert.rejects(impatient.run("count"), (error) => error instanceof Refusal && error.code === "BUSY");
  await holder.end();
  await assert.rejects(impatient.run("nothing"), (error) => error instanceof Refusal && error.code === "NOT_FOUND");
});

// explain() hides the table and host in the message.
test("a failed run is recorded without internals and logged, and does not stop the job", async () => {
  const errors: unknown[] = [];
  let fails = true;
  const job: Job = {
    name: "fragile",
    schedule: "* * * * * *",
    run: async () =>
      fails ? database.rows({ name: "broken", text: "SELECT * FROM secret_table_on_db_internal", values: [] }).then(() => ({})) : { ok: true },
  };
  const one = scheduler([job], { onError: (_, error) => errors.push(error) });
  const { lastResult } = await one.run("fragile");
  assert.deepEqual(lastResult, { error: "the job failed; the log says why" });
  assert.match(String(errors[0]), /secret_table_on_db_internal/);
  fails = false;
  await one.start();
  await until(async () => JSON.stringify((await one.list()).jobs[0]?.lastResult) === '{"ok":true}');
});

// Fails without the timer in `runIfDue`: the job would wait for its next due time, a year away.
test("a run that the database prevented is tried again, and the job stays due until one is done", async () => {
  let connections = 0;
  const reachableLater = Object.create(database, {
    url: { get: () => (connections++ === 0 ? "postgres://127.0.0.1:1/none" : url) },
  }) as Database;
  let runs = 0;
  const run = async (): Promise<Record<string, unknown>> => {
    runs++;
    if (runs === 1) throw Object.assign(new Error("terminating connection due to administrator command"), { code: "57P01" });
    return { ok: true };
  };
  const errors: unknown[] = [];
  const one = scheduler([{ name: "daily", schedule: YEARLY, run }], { database: reachableLater, onError: (_, error) => errors.push(error) });
  await one.start();
  await until(async () => (await recorded()) === 2);
  const [daily] = (await one.list()).jobs;
  assert.deepEqual(
    daily?.lastRuns.map(({ result }) => result),
    [{ ok: true }, { error: "the database could not be reached" }],
  );
  assert.deepEqual({ runs, connections, errors: errors.length }, { runs: 2, connections: 3, errors: 2 });
});

// The test fails without `old` in recordRun, and without LIMIT in selectJobs.
test("the list shows ten runs of a job, and the last fifty are stored", async () => {
  const one = scheduler([new CountingJob(YEARLY, 0), { name: "never", schedule: YEARLY, run: async () => ({}) }]);
  for (let i = 0; i < 53; i++) await one.run("count");
  assert.equal(await recorded(), 50);
  const { jobs } = await one.list();
  assert.deepEqual(
    jobs.map(({ name, lastRuns, lastResult }) => [name, lastRuns.length, lastResult]),
    [
      ["count", 10, { runs: 53 }],
      ["never", 0, null],
    ],
  );
  assert.deepEqual(
    jobs[0]?.lastRuns.map(({ result }) => result),
    [53, 52, 51, 50, 49, 48, 47, 46, 45, 44].map((runs) => ({ runs })),
  );
  const [latest] = jobs[0]?.lastRuns ?? [];
  assert.equal(latest?.startedAt, jobs[0]?.lastRunAt);
  assert.ok(latest !== undefined && latest.finishedAt >= latest.startedAt);
});

// The schedule is evaluated in the shop's time zone.
test("a daily job is due at midnight in the shop's time zone", () => {
  const slot = (at: string, zone = ZONE, schedule = "0 0 * * *"): string | undefined => newestDueAt(schedule, zone, Date.parse(at))?.toISOString();
  assert.equal(slot("2026-11-20T14:59:59.999Z"), "2026-11-19T15:00:00.000Z");
  assert.equal(slot("2026-11-20T15:00:00.000Z"), "2026-11-20T15:00:00.000Z");
  assert.equal(slot("2026-07-01T12:00:00Z", "America/New_York"), "2026-07-01T04:00:00.000Z");
  assert.equal(slot("2026-12-01T12:00:00Z", "America/New_York"), "2026-12-01T05:00:00.000Z");
  assert.equal(slot("2026-11-20T15:00:59Z", ZONE, "* * * * *"), "2026-11-20T15:00:00.000Z");
});

// The test fails with other ages in purge.ts, and without its loop over chunks.
test("purge deletes old keys, announced charges, sessions, rounds and deliveries, and keeps those still needed", async () => {
  await database.pool.query(
    `INSERT INTO idempotency_keys SELECT 'me', n::text, '', 200, '{}', now() - interval '49 hours' FROM generate_series(1, 12000) n`,
  );
  await database.pool.query(`INSERT INTO idempotency_keys VALUES ('me', 'kept', '', 200, '{}', now() - interval '47 hours')`);
  await database.pool.query("INSERT INTO rounds SELECT gen_random_uuid(), now() - n * interval '50 minutes' FROM generate_series(1, 2) n");
  await database.pool.query(
    "INSERT INTO charge_intents SELECT gen_random_uuid(), gen_random_uuid(), 1, now(), now() - n * interval '6 days' FROM generate_series(1, 2) n",
  );
  await database.pool.query("INSERT INTO console_sessions SELECT n::text, '', now() + n * interval '1 hour' FROM generate_series(-1, 1, 2) n");
  const hour = "date_trunc('hour', now()) - interval '3 hours'";
  await database.pool.query(
    `INSERT INTO deliveries VALUES ('a', '1', ${hour}), ('a', '2', ${hour} + interval '59 s'), ('a', '3', ${hour} + interval '60 s'), ('b', '1', ${hour}), ('a', '4', now()), ('a', '5', now())`,
  );
  assert.deepEqual(await purge(database), { idempotencyKeys: 12000, chargeIntents: 1, consoleSessions: 1, rounds: 1, deliveries: 1 });
  assert.deepEqual((await database.pool.query("SELECT key FROM idempotency_keys")).rows, [{ key: "kept" }]);
  assert.deepEqual(
    (await database.pool.query("SELECT sink || position AS kept FROM deliveries ORDER BY 1")).rows.map(({ kept }) => kept as string),
    ["a2", "a3", "a4", "a5", "b1"],
  );
  assert.deepEqual(await purge(database), { idempotencyKeys: 0, chargeIntents: 0, consoleSessions: 0, rounds: 0, deliveries: 0 });
});

test("each of the shop's own jobs runs and reports its result", async () => {
  let aggregated = 0;
  const relay = new Relay({ database, sinks: [] });
  const jobs = shopJobs({
    database,
    till: {} as Till,
    journalKeep: "P2Y",
    timezone: ZONE,
    now: Date.now,
    relay,
    expireOrders: async () => 3,
    settlePayments: async () => ({ settled: 0 }),
    expireCoupons: async () => 4,
    expireHolds: async () => 5,
    drawAll: async () => ({ drawn: 0 }),
    onAggregated: () => aggregated++,
  });
  const one = scheduler(jobs);
  const results: Record<string, unknown> = {};
  for (const { name } of jobs) results[name] = (await one.run(name)).lastResult;
  const { day, from, to } = results["snapshot-popular"] as Record<string, string>;
  assert.deepEqual(results, {
    "aggregate-sales": { events: 0, rowsMade: 0, rowsAdded: 0 },
    "snapshot-popular": { day, from, to, products: 0, deleted: 0 },
    "recount-sales": { rows: 0, corrected: 0 },
    "expire-orders": { expired: 3 },
    "expire-holds": { expired: 5 },
    "run-draws": { drawn: 0 },
    "expire-coupons": { expired: 4 },
    "settle-payments": { settled: 0 },
    "move-orders": { moved: 0 },
    "relay-events": { delivered: 0, waiting: 0, dead: 0 },
    purge: { idempotencyKeys: 0, chargeIntents: 0, consoleSessions: 0, rounds: 0, deliveries: 0, journalEntries: 0 },
    "close-journal": { closed: 0 },
  });
  assert.equal(aggregated, 3);
});
