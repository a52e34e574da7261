import type { Database } from "../database/pool.ts";
import { waitForRunningTransactions } from "../database/running-transactions.ts";
import type { Relay, Relayed } from "./relay.ts";

const RUNNING_TRANSACTIONS_MS = 2000;
const MAX_IDLE_PASSES = 5;
const PAUSE_MS = 100;

/**
 * Relays until no event waits, or until several passes in a row deliver nothing: a sink is unavailable, retries are not due yet,
 * or another instance holds the lease.
 */
export async function drainOutbox(database: Database, relay: Relay): Promise<Relayed> {
  await waitForRunningTransactions(database, RUNNING_TRANSACTIONS_MS);
  let delivered = 0;
  for (let idlePasses = 0; ;) {
    const pass = await relay.runOnce();
    delivered += pass.delivered;
    idlePasses = pass.delivered === 0 ? idlePasses + 1 : 0;
    if (pass.waiting === 0 || idlePasses === MAX_IDLE_PASSES) return { ...pass, delivered };
    if (idlePasses > 0) await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
  }
}
