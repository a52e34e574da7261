// Settlements on the wire: the gateway's payout for each movement, and its fees.

import { type GatewaySettlement, GatewayUnknown } from "../gateway.ts";
import { amountFromWire, TOSS_DEFAULT_CURRENCY } from "./amounts.ts";

type Fields = Record<string, unknown>;

/** A settlement that cannot be read hides no other. Errors: GatewayUnknown if the body is no list. */
export function readSettlements(body: unknown): GatewaySettlement[] {
  if (!Array.isArray(body)) throw new GatewayUnknown("ANSWER_NOT_UNDERSTOOD", { answered: true });
  return body.map(readSettlement);
}

function readSettlement(row: unknown): GatewaySettlement {
  const { transactionKey, paymentKey, currency: named, cancel, approvedAt, soldDate, paidOutDate, ...amounts } = (row ?? {}) as Fields;
  const currency = typeof named === "string" ? named : TOSS_DEFAULT_CURRENCY;
  // The gateway's amounts of a cancel have had either sign.
  const sign = cancel === null || cancel === undefined ? 1 : -1;
  const absolute = (value: unknown): number => Math.abs(amountFromWire(value, currency) ?? Number.NaN);
  const [amount, payOut, fee] = [absolute(amounts["amount"]), absolute(amounts["payOutAmount"]), feeOf(amounts, absolute)];
  const at = typeof approvedAt === "string" ? Date.parse(approvedAt) : Number.NaN;
  const isReadable = ![amount, payOut, fee, at].some(Number.isNaN) && typeof transactionKey === "string" && typeof paymentKey === "string";
  return {
    transactionKey: text(transactionKey),
    paymentKey: text(paymentKey),
    currency,
    amount: isReadable ? sign * amount : 0,
    payOut: isReadable ? sign * payOut : 0,
    fee: isReadable ? sign * fee : 0,
    approvedAt: at,
    soldDate: text(soldDate),
    paidOutDate: text(paidOutDate),
    isReadable,
  };
}

/** Older answers have one fee, newer ones a list. The fee of an installment that the shop pays is named beside it, or in the list. */
function feeOf({ fee, fees, interestFee = 0, amount, payOutAmount }: Fields, absolute: (value: unknown) => number): number {
  const named = Array.isArray(fees) ? fees.reduce((sum: number, part) => sum + absolute((part as Fields | null)?.["fee"]), 0) : absolute(fee);
  const withInterest = named + absolute(interestFee);
  return absolute(amount) - absolute(payOutAmount) === withInterest ? withInterest : named;
}

function text(value: unknown): string {
  return typeof value === "string" ? value.slice(0, 200) : "";
}
