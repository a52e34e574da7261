// A file of parcels: which orders it ships, and which of its rows are faulty.

import { isRefusal, type Shop } from "#client";
import { type ParcelRow, type ParcelRowFault, readParcels } from "../../src/fulfilment/shipment-file.ts";

export type ParcelFault = ParcelRowFault | { line: number; problem: "REFUSED"; message: string };
export type ParcelFile = { rows: ParcelRow[]; faults: ParcelFault[] };

/** The most parcels that the shop takes in one request. */
const BATCH_SIZE = 1000;

export const readParcelFile = (bytes: Uint8Array): ParcelFile => readParcels(bytes);

/**
 * Ships a file in batches, each all or nothing, and stops at the first one that the shop refuses. Returns the number of shipped orders and
 * the faulty rows. Errors: those of `shop`, except a refusal that names rows.
 * @param key names the file's requests, so that a repeat after no response ships nothing twice
 */
export async function shipFile(shop: Pick<Shop, "shipOrders">, rows: ParcelRow[], key: string): Promise<{ shipped: number; faults: ParcelFault[] }> {
  for (let at = 0; at < rows.length; at += BATCH_SIZE) {
    const batch = rows.slice(at, at + BATCH_SIZE);
    const shipments = batch.map(({ orderNumber, carrier, trackingNumber }) => ({ orderNumber, carrier, trackingNumber }));
    try {
      await shop.shipOrders({ body: { shipments }, idempotencyKey: `${key}-${at}` });
    } catch (error) {
      const faults = faultsOf(error, batch);
      if (faults.length === 0) throw error;
      return { shipped: at, faults };
    }
  }
  return { shipped: rows.length, faults: [] };
}

function faultsOf(error: unknown, batch: ParcelRow[]): ParcelFault[] {
  const errors = isRefusal(error) ? (error.problem.errors ?? []) : [];
  return errors.flatMap(({ path, message }): ParcelFault[] => {
    const row = batch[Number(/^\/shipments\/(\d+)/.exec(path)?.[1])];
    return row === undefined ? [] : [{ line: row.line, problem: "REFUSED", message }];
  });
}
