// The simulator's settlements: each movement is settled on its own day, less a fee.

import { amountToWire } from "../toss/amounts.ts";
import type { GatewayLedger } from "./ledger.ts";
import { seoulTime } from "./payment-json.ts";

const FEE_PER_10000 = 242;
const PAID_OUT_AFTER_MS = 2 * 86_400_000;
const DAY = /^\d{4}-\d\d-\d\d$/;

/** One page of settlements; undefined for a query that the gateway would refuse. */
export function settlementsOf(ledger: GatewayLedger, query: URLSearchParams, currency: string): Record<string, unknown>[] | undefined {
  const [from, to] = [query.get("startDate") ?? "", query.get("endDate") ?? ""].map((time) => time.slice(0, 10)) as [string, string];
  const dateType = query.get("dateType") ?? "soldDate";
  const [page, size] = [Number(query.get("page") ?? 1), Number(query.get("size") ?? 100)];
  const isValid = DAY.test(from) && DAY.test(to) && (dateType === "soldDate" || dateType === "paidOutDate");
  if (!isValid || !Number.isInteger(page) || page < 1 || !Number.isInteger(size) || size < 1 || size > 5000) return undefined;
  return ledger
    .transactions(0, Number.MAX_SAFE_INTEGER)
    .map((movement) => settlement(movement, currency))
    .filter((row) => row[dateType] >= from && row[dateType] <= to)
    .slice((page - 1) * size, page * size);
}

function settlement({ transactionKey, paymentKey, orderId, amount, at }: ReturnType<GatewayLedger["transactions"]>[number], currency: string) {
  const fee = Math.trunc((amount * FEE_PER_10000) / 10_000);
  const vat = Math.round(fee / 11);
  const wire = (minor: number): number => amountToWire(minor, currency);
  return {
    mId: "jangnal",
    paymentKey,
    transactionKey,
    orderId,
    currency,
    method: "카드",
    amount: wire(amount),
    interestFee: 0,
    fee: wire(fee),
    fees: [{ type: "BASE", fee: wire(fee) }],
    supplyAmount: wire(fee - vat),
    vat: wire(vat),
    payOutAmount: wire(amount - fee),
    approvedAt: seoulTime(at),
    soldDate: seoulTime(at).slice(0, 10),
    paidOutDate: seoulTime(at + PAID_OUT_AFTER_MS).slice(0, 10),
    cancel: amount < 0 ? { cancelAmount: wire(-amount), transactionKey } : null,
  };
}
