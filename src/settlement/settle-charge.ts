import { strays } from "./unmatched-capture.sql.ts";
import type { Verdict } from "./capture-outcome.ts";
import { refuse } from "../refusal.ts";
import { command } from "../till/command.ts";
import { need } from "../till/table.ts";
import { users } from "../balance/balance.sql.ts";
import { cardCharges } from "../balance/card-charge.sql.ts";

export type SettleCharge = {
  userId: string;
  chargeId: string;
  verdict: Verdict;
  /** When the gateway is asked again, in ms from now. */ askAgainMs: number;
  balanceMax: number;
};

/** The second round of a charge by card: the balance moves, once, or never. Money for which there is no more room on the balance goes back. */
export const settleCharge = command<SettleCharge, null>({
  name: "settle charge",
  needs: ({ userId, chargeId }) => [need(users, userId), need(cardCharges, chargeId)],

  decide(shop, { userId, chargeId, verdict, askAgainMs, balanceMax }) {
    const wallet = shop.find(users, userId) ?? refuse("USER_NOT_FOUND", { userId });
    const charge = shop.find(cardCharges, chargeId);
    if (charge?.status !== "PENDING") return null; // Somebody else was faster.

    if (verdict.kind === "unknown") {
      shop.put(cardCharges, chargeId, { ...charge, reason: verdict.reason, askAt: shop.now + askAgainMs, asked: charge.asked + 1 });
      return null;
    }
    const balance = wallet.balance + charge.amount;
    if (verdict.kind === "done" && balance <= balanceMax) {
      const version = wallet.version + 1;
      shop.put(users, userId, { ...wallet, balance, version });
      shop.put(cardCharges, chargeId, { ...charge, status: "COMPLETED", version, balanceAfter: balance, reason: null, askAt: null });
      return null;
    }
    const { reason, heard, captured } =
      verdict.kind === "done" ? { reason: "BALANCE_LIMIT_EXCEEDED", heard: true, captured: charge.amount } : verdict;
    shop.put(cardCharges, chargeId, { ...charge, status: "FAILED", reason, askAt: heard ? null : shop.now + askAgainMs, asked: 0 });
    if (captured > 0) shop.append(strays, { id: chargeId, paymentKey: charge.paymentKey, amount: captured, reason, createdAt: shop.now });
    return null;
  },
});
