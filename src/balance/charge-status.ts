import type { AttemptStatus } from "../idempotency/two-phase.ts";
import { Refusal } from "../refusal.ts";
import type { CardCharge } from "./card-charge.sql.ts";

/** The answer to a charge by card: 200 completed, a refusal, or 202 while the outcome is not known. */
export function chargeStatus({ id, userId, status, version, amount, balanceAfter, reason }: CardCharge): AttemptStatus {
  if (status === "PENDING") return { over: false, status: 202, body: { userId, transactionId: id, status } };
  if (status === "COMPLETED") return { over: true, status: 200, body: { userId, newBalance: balanceAfter, transactionId: id, version } };
  const code = reason === "BALANCE_LIMIT_EXCEEDED" ? reason : "PAYMENT_DECLINED";
  return { over: true, refusal: new Refusal(code, { transactionId: id, requested: amount, reason }) };
}
