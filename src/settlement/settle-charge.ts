import { unmatchedCaptures } from "./unmatched-capture.sql.ts";
import type { CaptureOutcome } from "./capture-outcome.ts";
import { refuse } from "../refusal.ts";
import { command } from "../till/command.ts";
import { need } from "../till/table.ts";
import { users } from "../balance/balance.sql.ts";
import { cardCharges } from "../balance/card-charge.sql.ts";

export type SettleCharge = {
  userId: string;
  chargeId: string;
  outcome: CaptureOutcome;
  /** When the gateway is asked again, in ms from now. */ askAgainMs: number;
  balanceMax: number;
};

/** The second round of a charge by card: the balance moves, once, or never. Money for which there is no more room on the balance goes back. */
export const settleCharge = command<SettleCharge, null>({
  name: "settle charge",
  needs: ({ userId, chargeId }) => [need(users, userId), need(cardCharges, chargeId)],

  decide(uow, { userId, chargeId, outcome: verdict, askAgainMs, balanceMax }) {
    const wallet = uow.find(users, userId) ?? refuse("USER_NOT_FOUND", { userId });
    const charge = uow.find(cardCharges, chargeId);
    if (charge?.status !== "PENDING") return null; // Somebody else was faster.

    if (verdict.kind === "unknown") {
      uow.put(cardCharges, chargeId, { ...charge, reason: verdict.reason, askAt: uow.now + askAgainMs, asked: charge.asked + 1 });
      return null;
    }
    const balance = wallet.balance + charge.amount;
    if (verdict.kind === "done" && balance <= balanceMax) {
      const version = wallet.version + 1;
      uow.put(users, userId, { ...wallet, balance, version });
      uow.put(cardCharges, chargeId, { ...charge, status: "COMPLETED", version, balanceAfter: balance, reason: null, askAt: null });
      return null;
    }
    const { reason, confirmed, captured } =
      verdict.kind === "done" ? { reason: "BALANCE_LIMIT_EXCEEDED", confirmed: true, captured: charge.amount } : verdict;
    uow.put(cardCharges, chargeId, { ...charge, status: "FAILED", reason, askAt: confirmed ? null : uow.now + askAgainMs, asked: 0 });
    if (captured > 0) uow.append(unmatchedCaptures, { id: chargeId, paymentKey: charge.paymentKey, amount: captured, reason, createdAt: uow.now });
    return null;
  },
});
