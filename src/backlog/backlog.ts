// What waits for other systems, for metrics, readiness and the log: events that a sink does not have, and money whose outcome only
// the payment gateway knows.

import type { Database } from "../database/pool.ts";
import { COUNTED_MAX, type DoubtKind, type MoneyInDoubt, selectMoneyInDoubt, selectSinkBacklogs, type SinkBacklog } from "./backlog.sql.ts";

export type Backlog = { sinks: SinkBacklog[]; money: MoneyInDoubt[] };
/** One sentence each; empty if there is nothing to say. */
export type Complaints = { events: string[]; money: string[] };

/** Asked again only after this, whatever asks: `/readyz` and `/metrics` are open to anyone. */
const CACHED_MS = 5000;
/** A metric that cannot be read in this time has no sample. */
const PATIENCE_MS = 1000;
/** Below these ages, waiting is the normal course: the relay's pauses, a buyer who confirms a card payment. */
const EVENTS_LATE_SECONDS = 60;
const MONEY_LATE_SECONDS = 600;

export class BacklogReader {
  readonly #database: Database;
  readonly #sinks: string[];
  #cached: { at: number; backlog: Promise<Backlog | undefined> } | undefined;

  constructor(database: Database, sinks: string[]) {
    this.#database = database;
    this.#sinks = sinks;
  }

  /** At most a few seconds old; undefined if the database does not answer soon. */
  read(): Promise<Backlog | undefined> {
    if (this.#cached === undefined || performance.now() - this.#cached.at > CACHED_MS) this.#cached = { at: performance.now(), backlog: this.#ask() };
    return this.#cached.backlog;
  }

  async #ask(): Promise<Backlog | undefined> {
    const asked = Promise.all([
      this.#database.rows<SinkBacklog>(selectSinkBacklogs(this.#sinks)),
      this.#database.rows<MoneyInDoubt>(selectMoneyInDoubt),
    ])
      .then(([sinks, money]) => ({ sinks, money }))
      .catch(() => undefined);
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<undefined>((resolve) => (timer = setTimeout(() => resolve(undefined), PATIENCE_MS)));
    try {
      return await Promise.race([asked, late]);
    } finally {
      clearTimeout(timer);
    }
  }
}

/** What an operator should look at. */
export function complaintsOf({ sinks, money }: Backlog): Complaints {
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
    .map(({ kind, count, oldestSeconds }) => `${counted(count)} ${WORDS[kind]} (oldest ${Math.round(oldestSeconds ?? 0)} s)`);
  return { events, money: doubts };
}

const WORDS: Record<DoubtKind, string> = {
  payment: "card payments with an unknown outcome",
  charge: "card charges with an unknown outcome",
  refund: "card refunds with an unknown outcome",
  unmatched_capture: "captures without an order, not yet refunded",
  unreturned_capture: "captures without an order that the gateway refuses to refund",
};

/** For `/readyz`. The shop is ready either way: other systems' trouble must not take its instances out of the balancer. */
export async function backlogChecks(reader: BacklogReader): Promise<Record<string, string>> {
  const backlog = await reader.read();
  if (!backlog) return { events: "unknown", money: "unknown" };
  const { events, money } = complaintsOf(backlog);
  return { events: events.join("; ") || "ok", money: money.join("; ") || "ok" };
}

function counted(count: number): string {
  return count >= COUNTED_MAX ? `${COUNTED_MAX} or more` : String(count);
}
