import type { Database } from "../database/pool.ts";
import { waitForRunningTransactions } from "../database/running-transactions.ts";
import type { Relay, Relayed } from "./relay.ts";

const STRAGGLERS_MS = 2000;
const FRUITLESS_TRIES = 5;
const PAUSE_MS = 100;

/** Relays until nothing waits any more, or nothing moves: a sink is away, letters have their pauses, another instance is at it. */
export async function drainOutbox(database: Database, relay: Relay): Promise<Relayed> {
  await waitForRunningTransactions(database, STRAGGLERS_MS);
  let delivered = 0;
  for (let fruitless = 0; ;) {
    const pass = await relay.runOnce();
    delivered += pass.delivered;
    fruitless = pass.delivered === 0 ? fruitless + 1 : 0;
    if (pass.waiting === 0 || fruitless === FRUITLESS_TRIES) return { ...pass, delivered };
    if (fruitless > 0) await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
  }
}
