// Settlement: brings every attempt at the gateway to its end, for callers who wait and in the background.

import { type AttemptParts, cardCharges, cardPayments, cardRefunds, unmatchedCaptureRefunds } from "./attempt-kinds.ts";
import { SettlementWorker } from "./settlement-worker.ts";
import { Settler } from "./settler.ts";

export type Settlers = ReturnType<typeof createSettlers>;
export type Settlement = Settlers & { worker: SettlementWorker };

/** One settler for each kind of attempt. */
export function createSettlers(parts: AttemptParts) {
  return {
    payments: new Settler(cardPayments(parts), parts),
    refunds: new Settler(cardRefunds(parts), parts),
    charges: new Settler(cardCharges(parts), parts),
    unmatchedCaptures: new Settler(unmatchedCaptureRefunds(parts), parts),
  };
}

/** @param onError called when a run in the background fails; the next run tries again */
export function openSettlement(parts: AttemptParts & { onError: (error: unknown) => void }): Settlement {
  const settlers = createSettlers({ ...parts, onUnknown: () => worker.runIn(parts.settings.settleAfterMs) });
  const worker = new SettlementWorker({ ...parts, sources: Object.values(settlers).map(({ source }) => source) });
  return { ...settlers, worker };
}
