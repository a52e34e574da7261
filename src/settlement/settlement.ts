// Settlement: brings every attempt at the gateway to its end, for callers who wait and in the background.

import type { CardCharge } from "../balance/card-charge.sql.ts";
import type { PaymentRecord } from "../order/payment/payment.ts";
import type { RefundRow } from "../order/refund/refund.sql.ts";
import { type AttemptParts, cardCharges, cardPayments, cardRefunds, unmatchedCaptureRefunds } from "./attempt-kinds.ts";
import { SettlementWorker } from "./settlement-worker.ts";
import { Settler } from "./settler.ts";

/** Settles one attempt for a caller who waits. If its outcome stays unknown, the worker asks the gateway again soon. */
export type Settle<Row> = {
  /** @param first the request that started the attempt: the gateway has not been called before */
  settle(id: string, first: boolean): Promise<Row>;
};

export type Settlement = { payments: Settle<PaymentRecord>; charges: Settle<CardCharge>; refunds: Settle<RefundRow>; worker: SettlementWorker };

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
  const settlers = createSettlers(parts);
  const { payments, charges, refunds } = settlers;
  const sources = Object.values(settlers).map(({ source }) => source);
  const worker = new SettlementWorker({ ...parts, sources });

  function settleOf<Row>(settler: Settler<Row>): Settle<Row> {
    return {
      async settle(id, first) {
        const row = await settler.settle(id, first);
        if (settler.isOpen(row)) worker.runIn(parts.settings.settleAfterMs);
        return row;
      },
    };
  }
  return { payments: settleOf(payments), charges: settleOf(charges), refunds: settleOf(refunds), worker };
}
