// The dispatcher's reports about its sink, for the log and the metrics.

import { idOf } from "./event.ts";
import type { NewRetry, TriedRetry } from "./retries.ts";

export type SinkReport =
  /** The sink refused `count` events; `eventId` and `reason` are of one of them. Dead letters are not retried. */
  | { kind: "refused" | "dead"; sink: string; count: number; eventId: string; orderId: string; reason: string }
  /** Deliveries are paused until the sink works again. Reported once. */
  | { kind: "unavailable"; sink: string; reason: string }
  | { kind: "available"; sink: string };

export type SinkCounts = { delivered: number; refused: number; dead: number; failures: number };

export function newCounts(): SinkCounts {
  return { delivered: 0, refused: 0, dead: 0, failures: 0 };
}

/** Adds the refusals to `counts`. Returns at most one report of each kind, so that a thousand refusals are one log line. */
export function countRefusals(sink: string, retries: readonly (NewRetry | TriedRetry)[], counts: SinkCounts): SinkReport[] {
  const reports = new Map<string, SinkReport & { count: number }>();
  for (const { id, orderId, seq, refusal } of retries) {
    if (refusal === null) continue;
    const kind = refusal.pauseMs === null ? "dead" : "refused";
    counts.refused++;
    if (kind === "dead") counts.dead++;
    const report = reports.get(kind);
    if (report) report.count++;
    else reports.set(kind, { kind, sink, count: 1, eventId: idOf({ id, orderId, seq }), orderId, reason: refusal.reason });
  }
  return [...reports.values()];
}
