// Acts of people beside the shop: of an operator in the gateway's dashboard, of a buyer at a bank, of the bank.

import { amountFromWire } from "../toss/amounts.ts";
import { failure, type Outcome } from "./ledger-payment.ts";

/** The simulator's acts by hand. The first may name an amount in minor units. */
type ByHand = {
  cancelInDashboard(paymentKey: string, amount?: number): Outcome;
  payDeposit(paymentKey: string): Outcome;
  reverseDeposit(paymentKey: string): Outcome;
};

export const INVALID_REQUEST = failure(400, "INVALID_REQUEST", "잘못된 요청입니다.");

/** The outcome of `POST /simulator/payments/{paymentKey}/{act}`; undefined for any other path. */
export function byHand(simulator: ByHand, path: string, { cancelAmount }: Record<string, unknown>, currency: string): Outcome | undefined {
  const [, key, act] = /^\/simulator\/payments\/([^/]+)\/(cancel|deposit|reverse)$/.exec(path) ?? [];
  if (key === undefined) return undefined;
  const paymentKey = decodeURIComponent(key);
  if (act === "deposit") return simulator.payDeposit(paymentKey);
  if (act === "reverse") return simulator.reverseDeposit(paymentKey);
  const amount = amountFromWire(cancelAmount, currency);
  return cancelAmount === undefined || amount !== undefined ? simulator.cancelInDashboard(paymentKey, amount) : INVALID_REQUEST;
}
