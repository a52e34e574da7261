// Bytes of an order with one line item: on disk with its indexes, and in the write-ahead log that standbys and backups follow.

import { hot } from "../baselines/orders.ts";
import { TillBaseline } from "../baselines/till.ts";
import type { Options } from "../options.ts";
import type { Fixture } from "./fixture.ts";

export type BytesPerOrder = { disk: number; log: number; orders: number };

const CLIENTS = 256;

/** The log includes the whole pages that it has after a checkpoint. Takes a multiple of the section's duration, so that these are few. */
export async function bytesPerOrder(fixture: Fixture, { duration }: Options): Promise<BytesPerOrder> {
  const till = new TillBaseline(await fixture.database("bytes"), hot);
  const state = async (): Promise<BytesPerOrder> => {
    const { rows } = await fixture.query("bytes", (client) =>
      client.query<Record<keyof BytesPerOrder, string>>(
        `SELECT (SELECT sum(pg_total_relation_size(oid)) FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace) AS disk,
                pg_current_wal_lsn() - '0/0' AS log, (SELECT count(*) FROM orders) AS orders`,
      ),
    );
    const { disk = 0, log = 0, orders = 0 } = rows[0] ?? {};
    return { disk: Number(disk), log: Number(log), orders: Number(orders) };
  };
  try {
    await till.run(CLIENTS, duration);
    await fixture.settle();
    const before = await state();
    await till.run(CLIENTS, { ...duration, ms: 4 * duration.ms });
    const after = await state();
    const orders = after.orders - before.orders;
    return { disk: (after.disk - before.disk) / orders, log: (after.log - before.log) / orders, orders };
  } finally {
    await till.close();
  }
}
