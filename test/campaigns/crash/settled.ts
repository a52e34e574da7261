// Brings a shop that runs again to rest.

import { setTimeout as pause } from "node:timers/promises";
import { Client, good } from "../../support/shop.ts";

const SETTLED_WITHIN_MS = 60_000;

/** Settles open payments and delivers open events. Returns the differences to the gateway's ledger. */
export async function settled(url: string): Promise<unknown[]> {
  const operator = new Client(url, "an-operator", "operator");
  for (const deadline = Date.now() + SETTLED_WITHIN_MS; ; await pause(200)) {
    // BUSY if the job is running, or if PostgreSQL still holds the lock of a dead instance.
    for (const job of ["settle-payments", "relay-events", "aggregate-sales"]) {
      const run = await operator.post(`/admin/jobs/${job}/run`);
      if (run.status !== 503) good(run, 200);
    }
    // BUSY while the circuit breaker is open.
    const reconciled = await operator.get("/admin/reconciliation");
    if (reconciled.status === 503 && Date.now() < deadline) continue;
    const { differences } = good(reconciled, 200) as { differences: unknown[] };
    const { events } = good(await operator.get("/admin/events?status=WAITING&limit=1"), 200) as { events: unknown[] };
    if ((differences.length === 0 && events.length === 0) || Date.now() > deadline) return differences;
  }
}
