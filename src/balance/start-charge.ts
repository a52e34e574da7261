import { refuse } from "../refusal.ts";
import type { Started } from "../idempotency/two-phase.ts";
import { command } from "../till/command.ts";
import { need } from "../till/table.ts";
import { checkLimit } from "./balance.ts";
import { users } from "./balance.sql.ts";
import { getWallet } from "./customer.ts";
import { cardCharges } from "./card-charge.sql.ts";
import type { ChargeBalance, Charged } from "./charge-balance.ts";
import { checkIntent } from "./charge-intent.ts";
import { chargeIntents } from "./charge-intent.sql.ts";

export type StartCharge = ChargeBalance & {
  paymentKey: string;
  /** The announced charge, whose id the gateway's window had as its order id. Null only with the simulator, which needs none. */
  chargeId: string | null;
  /** When settlement asks the gateway, in ms from now, if the charge is still open then. */
  askAfterMs: number;
};

/**
 * First phase of a charge by card: stores a PENDING transaction, which moves no money. The transaction takes the wallet's next version
 * as its place in the ledger, so the version increases although the balance does not change. An announced charge is started once: naming it
 * again resumes it.
 * Errors: USER_NOT_FOUND, PAYMENT_NOT_FOUND, AMOUNT_CHANGED, BALANCE_CONFLICT, BALANCE_LIMIT_EXCEEDED, PAYMENT_DECLINED if the announced
 * charge has expired.
 */
export const startCharge = command<StartCharge, Started<Charged>>({
  name: "start charge",
  needs: ({ userId, chargeId }) => [need(users, userId), ...(chargeId === null ? [] : [need(chargeIntents, chargeId), need(cardCharges, chargeId)])],

  decide(uow, { userId, amount, version, balanceMax, paymentKey, chargeId, askAfterMs }) {
    const wallet = getWallet(uow, userId);
    if (chargeId !== null) {
      const intent = checkIntent(uow.find(chargeIntents, chargeId), { userId, chargeId, amount });
      if (uow.find(cardCharges, chargeId)) return { kind: "attempt", id: chargeId, resumed: true };
      if (uow.now >= intent.expiresAt) refuse("PAYMENT_DECLINED", { chargeId, requested: amount, reason: "CHARGE_EXPIRED" });
    }
    if (version !== null && version !== wallet.version) refuse("BALANCE_CONFLICT", { version: wallet.version });
    checkLimit(wallet, amount, balanceMax);

    const id = chargeId ?? uow.newId();
    const pendingVersion = wallet.version + 1;
    uow.put(users, userId, { ...wallet, version: pendingVersion });
    uow.put(cardCharges, id, {
      id,
      userId,
      version: pendingVersion,
      status: "PENDING",
      amount,
      paymentKey,
      reason: null,
      createdAt: uow.now,
      askAt: uow.now + askAfterMs,
      asked: 0,
      keyNumber: 0,
      balanceAfter: null,
    });
    return { kind: "attempt", id };
  },
});
