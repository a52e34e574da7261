// Leases: one instance at a time relays to a sink. Leases expire by the database's clock, so clocks of instances do not matter.

import { textArray, type Statement } from "../database/statement.ts";
import { EVENTS, OF_NO_REHEARSAL, OLDEST_RUNNING } from "./outbox.sql.ts";

/** A lease expires after this unless its relay renews it. */
export const LEASE_SECONDS = 10;

export type Lease = { position: string; failures: number };

export function insertSinks(names: string[]): Statement {
  return {
    name: "insert sinks",
    text: "INSERT INTO sinks (name) SELECT unnest($1::text[]) ON CONFLICT DO NOTHING",
    values: [textArray(names, (name) => name)],
  };
}

/** `$n` ignores the pause after a failure, except that of a sink that is gone: it is disabled until an operator enables it. */
const IS_DUE = "(next_attempt_at <= now() OR $n AND next_attempt_at < 'infinity')";

/** Whether a pass has anything to deliver. Checked before the lease is taken, so that an idle shop writes nothing. */
export function selectHasWork(sink: string, ignorePause: boolean): Statement {
  return {
    name: "select has work",
    text: `SELECT (SELECT xid FROM ${EVENTS} e WHERE xid > s.position AND xid < ${OLDEST_RUNNING} ORDER BY xid LIMIT 1) IS NOT NULL
             OR EXISTS (SELECT FROM letters l WHERE l.sink = s.name AND l.status = 'WAITING' AND l.next_attempt_at <= now()) AS work
           FROM sinks s WHERE name = $1 AND ${IS_DUE.replace("$n", "$2")}`,
    values: [sink, ignorePause],
  };
}

/** Takes a lease that is free, expired, or this owner's. Returns a row to one of two instances that try. */
export function takeLease(sink: string, owner: string, ignorePause: boolean): Statement {
  return {
    name: "take lease",
    text: `UPDATE sinks SET lease_owner = $2, lease_until = now() + interval '${LEASE_SECONDS} s'
           WHERE name = $1 AND (lease_owner IS NULL OR lease_owner = $2 OR lease_until < now()) AND ${IS_DUE.replace("$n", "$3")}
           RETURNING position::text, failures`,
    values: [sink, owner, ignorePause],
  };
}

export function renewLease(sink: string, owner: string): Statement {
  return {
    name: "renew lease",
    text: `UPDATE sinks SET lease_until = now() + interval '${LEASE_SECONDS} s' WHERE name = $1 AND lease_owner = $2 RETURNING name`,
    values: [sink, owner],
  };
}

/** Renews the lease and clears the sink's failures, after the sink has answered. Returns a row only to the owner of the lease. */
export function confirmLease(sink: string, owner: string): Statement {
  return {
    name: "confirm lease",
    text: `UPDATE sinks SET lease_until = now() + interval '${LEASE_SECONDS} s', failures = 0, last_error = NULL, next_attempt_at = '-infinity'
           WHERE name = $1 AND lease_owner = $2 RETURNING name`,
    values: [sink, owner],
  };
}

export function releaseLease(sink: string, owner: string): Statement {
  return {
    name: "release lease",
    text: "UPDATE sinks SET lease_owner = NULL, lease_until = NULL WHERE name = $1 AND lease_owner = $2",
    values: [sink, owner],
  };
}

/** Moves the sink's position to `upper`. Returns a row only to the owner of the lease, and only if the position is still `from`. */
export function advancePosition(sink: string, owner: string, from: string, upper: string): Statement {
  return {
    name: "advance position",
    text: `WITH moved AS (UPDATE sinks SET position = $4::xid8, failures = 0, last_error = NULL, next_attempt_at = '-infinity'
                          WHERE name = $1 AND lease_owner = $2 AND position = $3::xid8 RETURNING name)
           INSERT INTO deliveries (sink, position, delivered_at) SELECT name, $4::xid8, now() FROM moved RETURNING sink`,
    values: [sink, owner, from, upper],
  };
}

/** Records a failure and pauses deliveries for `pauseMs`. */
export function postpone(sink: string, owner: string, pauseMs: number, reason: string): Statement {
  return {
    name: "postpone sink",
    text: `UPDATE sinks SET failures = failures + 1, next_attempt_at = now() + $3 * interval '1 ms', last_error = $4, lease_owner = NULL, lease_until = NULL
           WHERE name = $1 AND lease_owner = $2`,
    values: [sink, owner, pauseMs, reason],
  };
}

/** Disables a sink that is gone for good, until an operator replays an event to it. */
export function disable(sink: string, owner: string, reason: string): Statement {
  return {
    name: "disable sink",
    text: `UPDATE sinks SET failures = failures + 1, next_attempt_at = 'infinity', last_error = $3, lease_owner = NULL, lease_until = NULL
           WHERE name = $1 AND lease_owner = $2`,
    values: [sink, owner, reason],
  };
}

/** Enables disabled sinks. */
export function enableSinks(sinks: string[]): Statement {
  return {
    name: "enable sinks",
    text: "UPDATE sinks SET next_attempt_at = '-infinity' WHERE name = ANY($1::text[]) AND next_attempt_at = 'infinity'",
    values: [textArray(sinks, (name) => name)],
  };
}

export type Backlog = { waiting: number; dead: number };

/** Counts events that these sinks do not have yet, and dead letters. */
export function selectBacklog(sinks: string[]): Statement {
  return {
    name: "select backlog",
    text: `SELECT coalesce(sum(${counted(AFTER_POSITION)} + ${counted(letters("WAITING"))}), 0)::bigint AS waiting, coalesce(sum(${counted(letters("DEAD"))}), 0)::bigint AS dead
           FROM sinks s WHERE name = ANY($1::text[])`,
    values: [textArray(sinks, (name) => name)],
  };
}

export type SinkBacklog = { sink: string; waiting: number; dead: number; lastError: string | null };
/** A sink that was unavailable for days is not counted to the end. */
export const MOST_COUNTED = 100_000;

/** The same for each sink, with the error that makes it unavailable. Each figure ends at `MOST_COUNTED`. */
export function selectBacklogs(sinks: string[]): Statement {
  const count = (from: string): string => counted(`${from} LIMIT ${MOST_COUNTED}`);
  return {
    name: "select backlogs",
    text: `SELECT name AS sink, least(${count(AFTER_POSITION)} + ${count(letters("WAITING"))}, ${MOST_COUNTED})::int AS waiting, ${count(letters("DEAD"))}::int AS dead,
             CASE WHEN failures > 0 THEN last_error END AS "lastError"
           FROM sinks s WHERE name = ANY($1::text[]) ORDER BY name`,
    values: [textArray(sinks, (name) => name)],
  };
}

/** The events that sink `s` was not sent yet. */
const AFTER_POSITION = `${EVENTS} e WHERE xid > s.position AND ${OF_NO_REHEARSAL}`;

/** The letters of sink `s` with this status. Each has an index of its own. */
const letters = (status: "WAITING" | "DEAD"): string => `letters l WHERE l.sink = s.name AND l.status = '${status}'`;

const counted = (from: string): string => `(SELECT count(*) FROM (SELECT FROM ${from}) c)`;
