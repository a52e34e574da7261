// What the shop has, against what buyers were told.

import pg from "pg";
import type { Envelope } from "../../src/outbox/envelope.ts";
import { types } from "../../src/database/pool.ts";
import type { Load } from "./load.ts";

export type Verification = { acknowledged: number; lost: number; duplicated: number; undelivered: number; outOfOrder: number };

/** `lost` were acknowledged and are not there; `duplicated` are there and were never acknowledged, or were acknowledged twice. */
export async function verify(databaseUrl: string, load: Load, sinks: Record<string, readonly Envelope[]> = {}): Promise<Verification> {
  const client = new pg.Client({ connectionString: databaseUrl, types });
  await client.connect();
  try {
    const there = new Set(
      (await client.query<{ id: string }>("SELECT id FROM orders WHERE user_id = ANY($1::uuid[])", [load.userIds])).rows.map(({ id }) => id),
    );
    const told = new Set([...load.acknowledged.values()].map(({ orderId }) => orderId));
    const events = (
      await client.query<{ id: string; seq: number }>("SELECT order_id AS id, seq FROM order_events WHERE order_id = ANY($1::uuid[])", [[...there]])
    ).rows;
    const each = Object.values(sinks).map((received) => deliveredTo(received, events));
    return {
      acknowledged: told.size,
      lost: [...told].filter((id) => !there.has(id)).length,
      duplicated: [...there].filter((id) => !told.has(id)).length + load.contradictions.length,
      undelivered: each.reduce((sum, { missing }) => sum + missing, 0),
      outOfOrder: each.reduce((sum, { outOfOrder }) => sum + outOfOrder, 0),
    };
  } finally {
    await client.end();
  }
}

/** An event is out of order where it comes for the first time behind a later one of its order. */
export function deliveredTo(
  received: readonly Pick<Envelope, "subject" | "sequence">[],
  events: { id: string; seq: number }[],
): { missing: number; outOfOrder: number } {
  const seen = new Map<string, Set<number>>();
  let outOfOrder = 0;
  for (const { subject, sequence } of received) {
    const seqs = seen.get(subject) ?? new Set<number>();
    const seq = Number(sequence);
    if (!seqs.has(seq) && [...seqs].some((other) => other > seq)) outOfOrder++;
    seen.set(subject, seqs.add(seq));
  }
  return { missing: events.filter(({ id, seq }) => !seen.get(id)?.has(seq)).length, outOfOrder };
}
