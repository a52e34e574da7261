import { users } from "../balance/balance.sql.ts";
import { cardCharges } from "../balance/card-charge.sql.ts";
import { refuse } from "../refusal.ts";
import { command } from "../till/command.ts";
import { need } from "../till/table.ts";
import { askedAgain, failed, type GatewayOutcome } from "./outcome.ts";
import { tellUnpaid } from "./tell-unpaid.ts";
import { unmatchedCaptures } from "./unmatched-capture.sql.ts";

export type SettleCharge = {
  userId: string;
  chargeId: string;
  outcome: GatewayOutcome;
  /** Pause in ms before the gateway is asked again; null: never. */
  askAgainMs: number | null;
  balanceMax: number;
};

/**
 * Second phase of a charge by card: moves the balance once, or never. Captured money that would lift the balance above `balanceMax`
 * goes back.
 */
export const settleCharge = command<SettleCharge, null>({
  name: "settle charge",
  needs: ({ userId, chargeId }) => [need(users, userId), need(cardCharges, chargeId)],

  decide(uow, { userId, chargeId, outcome: asked, askAgainMs, balanceMax }) {
    const wallet = uow.find(users, userId) ?? refuse("USER_NOT_FOUND", { userId });
    const charge = uow.find(cardCharges, chargeId);
    if (charge?.status !== "PENDING") return null;

    const askAt = askAgainMs === null ? null : uow.now + askAgainMs;
    const unpaid = { paymentId: chargeId, chargeId, orderId: null, userId, amount: charge.amount };
    const balance = wallet.balance + charge.amount;
    const outcome = asked.kind === "done" && balance > balanceMax ? failed("BALANCE_LIMIT_EXCEEDED", charge.amount) : asked;
    if (outcome.kind === "unknown") {
      const { reason } = outcome;
      if (charge.asked === 0) tellUnpaid(uow, "payment.unknown", { ...unpaid, status: "UNKNOWN", reason });
      uow.put(cardCharges, chargeId, { ...charge, reason, ...askedAgain(charge, outcome, askAt) });
    } else if (outcome.kind === "done") {
      const version = wallet.version + 1;
      uow.put(users, userId, { ...wallet, balance, version });
      uow.put(cardCharges, chargeId, { ...charge, status: "COMPLETED", version, balanceAfter: balance, reason: null, askAt });
    } else {
      const { reason, captured } = outcome;
      uow.put(cardCharges, chargeId, { ...charge, status: "FAILED", reason, askAt, asked: 0 });
      tellUnpaid(uow, "payment.declined", { ...unpaid, status: "FAILED", reason });
      if (captured > 0) uow.append(unmatchedCaptures, { id: chargeId, paymentKey: charge.paymentKey, amount: captured, reason, createdAt: uow.now });
    }
    return null;
  },
});
