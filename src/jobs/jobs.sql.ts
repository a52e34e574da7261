import { textArray, type Statement } from "../database/statement.ts";

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

/** Whether nobody has done this slot, or a later one, yet. */
export function selectSlotIsFree(name: string, slot: string): Statement {
  return { name: "select slot", text: "SELECT slot < $2::timestamptz AS free FROM jobs WHERE name = $1", values: [name, slot] };
}

export type Run = { name: string; slot: string | null; startedAt: string; finishedAt: string; result: Record<string, unknown> };

/** Writes down a run, and with it that its slot is done; lets go of the runs beyond the last fifty. */
export function recordRun({ name, slot, startedAt, finishedAt, result }: Run): Statement {
  return {
    name: "record run",
    text: `WITH done AS (UPDATE jobs SET slot = greatest(slot, $2::timestamptz), last_run_at = $3, last_result = $5 WHERE name = $1),
             old AS (DELETE FROM job_runs WHERE name = $1 AND id <= (SELECT id FROM job_runs WHERE name = $1 ORDER BY id DESC OFFSET ${RUNS_KEPT - 1} LIMIT 1))
           INSERT INTO job_runs (name, started_at, finished_at, result) VALUES ($1, $3, $4, $5)`,
    values: [name, slot, startedAt, finishedAt, JSON.stringify(result)],
  };
}

export type JobRecord = {
  name: string;
  lastRunAt: number | null;
  lastResult: unknown;
  lastRuns: { startedAt: number; finishedAt: number; result: unknown }[];
};

/** Jobs with their last runs, newest first; instants in ms. */
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

/** What our locks have in common, apart from everybody else's. */
const LOCK_CLASS = 7_264_002;

/** Held for as long as the connection lives or until it is unlocked: a crashed instance holds nothing. */
export function tryLockJob(name: string): Statement {
  return { name: "try lock job", text: `SELECT pg_try_advisory_lock(${LOCK_CLASS}, hashtext($1)) AS locked`, values: [name] };
}
