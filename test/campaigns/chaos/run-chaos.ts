import { setTimeout as pause } from "node:timers/promises";
import { inspect } from "node:util";
import { good } from "../../support/shop.ts";
import { Chaos } from "./chaos.ts";

export type ChaosReport = {
  /** Number of runs per outcome. */
  tally: Record<string, number>;
  failures: string[];
  violations: unknown[];
  differences: unknown[];
  /** Payments that the reconciliation compared. */
  compared: number;
};

const CONCURRENCY = 12;
const MAX_FAILURES = 5;
const MOST_RECONCILIATIONS = 60;

/** Runs the seeds from `seed` on, several at a time, then audits and reconciles. Stops early after some failures. */
export async function runChaos({ seed: first, runs }: { seed: number; runs: number }): Promise<ChaosReport> {
  const chaos = await Chaos.open();
  try {
    const tally: Record<string, number> = {};
    const failures: string[] = [];
    let next = 0;
    const worker = async (): Promise<void> => {
      while (next < runs && failures.length < MAX_FAILURES) {
        const seed = first + next++;
        try {
          const outcome = await chaos.run(seed);
          tally[outcome] = (tally[outcome] ?? 0) + 1;
        } catch (error) {
          failures.push(`seed ${seed}: ${inspect(error)}`);
        }
      }
    };
    await Promise.all(Array.from({ length: Math.min(CONCURRENCY, runs) }, worker));
    chaos.simulator.behaves = true;
    const { violations } = good(await chaos.shop.operator.get("/admin/audit"), 200);
    return { tally, failures, violations, ...(await reconcile(chaos)) };
  } finally {
    await chaos.close();
  }
}

/**
 * A call that timed out may reach the gateway after its run. The settlement job then refunds the late capture, within some runs.
 * Captures whose refund the gateway has declined, and parts that were cancelled in its dashboard, are differences that the shop must list
 * as in doubt.
 */
async function reconcile(chaos: Chaos): Promise<Pick<ChaosReport, "compared" | "differences">> {
  for (let tries = 1; ; tries++) {
    const [settled, answer] = [
      await chaos.shop.operator.post("/admin/jobs/settle-payments/run"),
      await chaos.shop.operator.get("/admin/reconciliation"),
    ];
    const isLast = tries === MOST_RECONCILIATIONS;
    // A busy shop answers 503.
    if (isLast || (settled.status === 200 && answer.status === 200)) {
      const result = good(answer, 200) as { compared: number; differences: { paymentKey: string }[] };
      const inDoubt = await chaos.keysInDoubt();
      const differences = result.differences.filter(({ paymentKey }) => !inDoubt.has(paymentKey));
      if (isLast || differences.length === 0) return { compared: result.compared, differences };
    }
    await pause(100);
  }
}
