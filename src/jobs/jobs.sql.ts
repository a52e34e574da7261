import { type Statement, textArray } from "../database/statement.ts";

/** How many runs of a job are kept, and how many are shown. */
export const RUNS_KEPT = 50;
export const RUNS_SHOWN = 10;

export function insertJobs(names: string[]): Statement {
  return {
    name: "insert jobs",
    text: "INSERT INTO jobs (name) SELECT unnest($1::text[]) ON CONFLICT DO NOTHING",
    values: [textArray(names, (name) => name)],
  };
}

/** Tells whether the run that was due at this time, and every later one, is still to be done. */
export function selectIsDue(name: string, dueAt: string): Statement {
  return { name: "select job is due", text: "SELECT slot < $2::timestamptz AS due FROM jobs WHERE name = $1", values: [name, dueAt] };
}

export type Run = { name: string; dueAt: string | null; startedAt: string; finishedAt: string; result: Record<string, unknown> };

/** Records a run and marks its due time as done. Deletes the runs beyond the last fifty. */
export function recordRun({ name, dueAt, startedAt, finishedAt, result }: Run): Statement {
  return {
    name: "record run",
    text: `WITH done AS (UPDATE jobs SET slot = greatest(slot, $2::timestamptz), last_run_at = $3, last_result = $5 WHERE name = $1),
             old AS (DELETE FROM job_runs WHERE name = $1 AND id <= (SELECT id FROM job_runs WHERE name = $1 ORDER BY id DESC OFFSET ${RUNS_KEPT - 1} LIMIT 1))
           INSERT INTO job_runs (name, started_at, finished_at, result) VALUES ($1, $3, $4, $5)`,
    values: [name, dueAt, startedAt, finishedAt, JSON.stringify(result)],
  };
}

export type JobRecord = {
  name: string;
  lastRunAt: number | null;
  lastResult: unknown;
  lastRuns: { startedAt: number; finishedAt: number; result: unknown }[];
};

/** Jobs with their last runs, newest first; times in ms since 1970. */
export function selectJobs(names: string[]): Statement {
  return {
    name: "select jobs",
    text: `SELECT j.name, j.last_run_at AS "lastRunAt", j.last_result AS "lastResult", coalesce(r.runs, '[]') AS "lastRuns"
           FROM jobs j CROSS JOIN LATERAL (
             SELECT json_agg(json_build_object('startedAt', extract(epoch FROM started_at) * 1000, 'finishedAt', extract(epoch FROM finished_at) * 1000, 'result', result) ORDER BY id DESC) AS runs
             FROM (SELECT * FROM job_runs WHERE name = j.name ORDER BY id DESC LIMIT ${RUNS_SHOWN}) last
           ) r WHERE j.name = ANY($1::text[])`,
    values: [textArray(names, (name) => name)],
  };
}

/** The first key of the jobs' advisory locks, which sets them apart from all others. */
const LOCK_CLASS = 7_264_002;

/** Held until the connection ends: a crashed instance holds nothing. */
export function tryLockJob(name: string): Statement {
  return { name: "try lock job", text: `SELECT pg_try_advisory_lock(${LOCK_CLASS}, hashtext($1)) AS locked`, values: [name] };
}
