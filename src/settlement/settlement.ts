// Settlement: brings every attempt at the gateway to its end, for callers who wait and in the background.

import { type AttemptParts, cardCharges, cardPayments, cardRefunds, unmatchedCaptureRefunds } from "./attempt-kinds.ts";
import { GatewayCancels } from "./gateway-cancels.ts";
import { SettlementWorker } from "./settlement-worker.ts";
import { Settler } from "./settler.ts";

export type Settlers = ReturnType<typeof createSettlers>;
export type Settlement = Settlers & { worker: SettlementWorker; cancels: GatewayCancels };

/** One settler for each kind of attempt. */
export function createSettlers(parts: AttemptParts) {
  return {
    payments: new Settler(cardPayments(parts), parts),
    refunds: new Settler(cardRefunds(parts), parts),
    charges: new Settler(cardCharges(parts), parts),
    unmatchedCaptures: new Settler(unmatchedCaptureRefunds(parts), parts),
  };
}

export type SettlementParts = AttemptParts & {
  /** Whether there is a gateway, whose ledger can be read. */
  hasGateway: boolean;
  /** Called when a run in the background fails; the next run tries again. */
  onError: (error: unknown) => void;
};

export function openSettlement(parts: SettlementParts): Settlement {
  const settlers = createSettlers({ ...parts, onUnknown: () => worker.runIn(parts.settings.settleAfterMs) });
  const cancels = new GatewayCancels({ ...parts, settlers });
  const worker: SettlementWorker = new SettlementWorker({
    ...parts,
    sources: Object.values(settlers),
    ...(parts.hasGateway ? { cancels } : {}),
  });
  return { ...settlers, worker, cancels };
}
