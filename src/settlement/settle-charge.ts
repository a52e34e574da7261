import { users } from "../balance/balance.sql.ts";
import { type CardCharge, cardCharges } from "../balance/card-charge.sql.ts";
import { refuse } from "../refusal.ts";
import { command } from "../till/command.ts";
import { shopEvents } from "../events/shop-events.ts";
import { need } from "../till/table.ts";
import type { UnitOfWork } from "../till/unit-of-work.ts";
import { failed, type GatewayOutcome } from "./outcome.ts";
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
    const balance = wallet.balance + charge.amount;
    const outcome = asked.kind === "done" && balance > balanceMax ? failed("BALANCE_LIMIT_EXCEEDED", charge.amount) : asked;
    if (outcome.kind === "unknown") {
      if (charge.asked === 0) tell(uow, "payment.unknown", charge, "UNKNOWN", outcome.reason);
      uow.put(cardCharges, chargeId, {
        ...charge,
        reason: outcome.reason,
        askAt,
        asked: charge.asked + 1,
        keyNumber: outcome.keyNumber ?? charge.keyNumber,
      });
    } else if (outcome.kind === "done") {
      const version = wallet.version + 1;
      uow.put(users, userId, { ...wallet, balance, version });
      uow.put(cardCharges, chargeId, { ...charge, status: "COMPLETED", version, balanceAfter: balance, reason: null, askAt });
    } else {
      const { reason, captured } = outcome;
      uow.put(cardCharges, chargeId, { ...charge, status: "FAILED", reason, askAt, asked: 0 });
      tell(uow, "payment.declined", charge, "FAILED", reason);
      if (captured > 0) uow.append(unmatchedCaptures, { id: chargeId, paymentKey: charge.paymentKey, amount: captured, reason, createdAt: uow.now });
    }
    return null;
  },
});

/** Tells the data platform about a charge that has not come. The lock of the charge's user guards it, the subject of the event. */
function tell(
  uow: UnitOfWork,
  type: "payment.unknown" | "payment.declined",
  { id, userId, amount }: CardCharge,
  status: string,
  reason: string,
): void {
  const data = { paymentId: id, chargeId: id, orderId: null, userId, method: "CARD", status, amount, reason };
  uow.append(shopEvents, { id: uow.newId(), subject: id, type, data, at: uow.now });
}
