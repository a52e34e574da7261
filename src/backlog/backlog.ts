// The backlog for metrics, readiness and the log: events not delivered to their sinks, and money
// whose outcome only the payment gateway knows.

import type { Database } from "../database/pool.ts";
import { countAttention } from "../settlement/attention.sql.ts";
import { COUNTED_MAX, type DoubtKind, type MoneyInDoubt, selectMoneyInDoubt, selectSinkBacklogs, type SinkBacklog } from "./backlog.sql.ts";

/** `attention`: the things in doubt that need a person. */
export type Backlog = { sinks: SinkBacklog[]; money: MoneyInDoubt[]; attention: number };
/** One sentence per warning. */
export type Warnings = { events: string[]; money: string[] };

/** Limits the queries, because `/readyz` and `/metrics` need no authentication. */
const CACHED_MS = 5000;
/** Without an answer in this time, a metric has no sample. */
const TIMEOUT_MS = 1000;
/** Younger items are normal: the relay pauses, and buyers need time to confirm card payments. */
const EVENTS_LATE_SECONDS = 60;
const MONEY_LATE_SECONDS = 600;

export class BacklogReader {
  readonly #database: Database;
  readonly #sinks: string[];
  readonly #giveUpAfterMs: number;
  #cached: { at: number; backlog: Promise<Backlog | undefined> } | undefined;

  /** @param giveUpAfterMs `PAYMENT_GIVE_UP_AFTER_MS` */
  constructor(database: Database, sinks: string[], giveUpAfterMs: number) {
    this.#database = database;
    this.#sinks = sinks;
    this.#giveUpAfterMs = giveUpAfterMs;
  }

  /** The backlog, at most 5 s old; undefined if the database does not answer within 1 s. */
  read(): Promise<Backlog | undefined> {
    if (this.#cached === undefined || performance.now() - this.#cached.at > CACHED_MS)
      this.#cached = { at: performance.now(), backlog: this.#query() };
    return this.#cached.backlog;
  }

  async #query(): Promise<Backlog | undefined> {
    const result = Promise.all([
      this.#database.rows<SinkBacklog>(selectSinkBacklogs(this.#sinks)),
      this.#database.rows<MoneyInDoubt>(selectMoneyInDoubt),
      this.#database.rows<{ count: number }>(countAttention(this.#giveUpAfterMs, COUNTED_MAX)),
    ])
      .then(([sinks, money, [attention]]) => ({ sinks, money, attention: attention?.count ?? 0 }))
      .catch(() => undefined);
    let timer: NodeJS.Timeout | undefined;
    const timeout = new Promise<undefined>((resolve) => (timer = setTimeout(() => resolve(undefined), TIMEOUT_MS)));
    try {
      return await Promise.race([result, timeout]);
    } finally {
      clearTimeout(timer);
    }
  }
}

/** The problems that need an operator. */
export function warningsOf({ sinks, money, attention }: Backlog): Warnings {
  const events = sinks.flatMap(({ sink, failures, waiting, blocked, dead, oldestSeconds }) => {
    const parts = [
      ...(waiting > 0 && (failures > 0 || (oldestSeconds ?? 0) >= EVENTS_LATE_SECONDS)
        ? [`${counted(waiting)} waiting (oldest ${Math.round(oldestSeconds ?? 0)} s)`]
        : []),
      ...(blocked > 0 ? [`${counted(blocked)} refused or blocked behind a refused one`] : []),
      ...(dead > 0 ? [`${counted(dead)} dead`] : []),
      ...(failures > 0 ? [`unavailable since ${failures} attempts`] : []),
    ];
    return parts.length === 0 ? [] : [`events for ${sink}: ${parts.join(", ")}`];
  });
  const doubts = money
    .filter(({ kind, count, oldestSeconds }) => count > 0 && (kind === "unreturned_capture" || (oldestSeconds ?? 0) >= MONEY_LATE_SECONDS))
    .map(({ kind, count, oldestSeconds }) => `${counted(count)} ${DOUBT_NAMES[kind]} (oldest ${Math.round(oldestSeconds ?? 0)} s)`);
  const people = attention > 0 ? [`${counted(attention)} in GET /admin/payments/attention need a person`] : [];
  return { events, money: [...doubts, ...people] };
}

const DOUBT_NAMES: Record<DoubtKind, string> = {
  payment: "card payments with an unknown outcome",
  charge: "card charges with an unknown outcome",
  refund: "card refunds with an unknown outcome",
  unmatched_capture: "captures without an order, not yet refunded",
  unreturned_capture: "captures without an order that the gateway refuses to refund",
};

/**
 * For `/readyz`. The shop stays ready in any case, because a failure of other systems must not
 * remove instances from the load balancer.
 */
export async function backlogChecks(reader: BacklogReader): Promise<Record<string, string>> {
  const backlog = await reader.read();
  if (!backlog) return { events: "unknown", money: "unknown" };
  const { events, money } = warningsOf(backlog);
  return { events: events.join("; ") || "ok", money: money.join("; ") || "ok" };
}

function counted(count: number): string {
  return count >= COUNTED_MAX ? `${COUNTED_MAX} or more` : String(count);
}
