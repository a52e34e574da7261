import { refuse } from "../refusal.ts";
import type { Started } from "../idempotency/two-phase.ts";
import { command } from "../till/command.ts";
import { need } from "../till/table.ts";
import { checkLimit } from "./balance.ts";
import { users } from "./balance.sql.ts";
import { cardCharges } from "./card-charge.sql.ts";
import type { ChargeBalance, Charged } from "./charge-balance.ts";

export type StartCharge = ChargeBalance & {
  paymentKey: string;
  /** When settlement asks the gateway, in ms from now, if the charge is still open then. */
  askAfterMs: number;
};

/**
 * First phase of a charge by card: stores a PENDING transaction, which moves no money. The transaction takes the wallet's next version
 * as its place in the ledger, so the version increases although the balance does not change.
 * Errors: USER_NOT_FOUND, BALANCE_CONFLICT, BALANCE_LIMIT_EXCEEDED.
 */
export const startCharge = command<StartCharge, Started<Charged>>({
  name: "start charge",
  needs: ({ userId }) => [need(users, userId)],

  decide(uow, { userId, amount, version, balanceMax, paymentKey, askAfterMs }) {
    const wallet = uow.find(users, userId) ?? refuse("USER_NOT_FOUND", { userId });
    if (version !== null && version !== wallet.version) refuse("BALANCE_CONFLICT", { version: wallet.version });
    checkLimit(wallet, amount, balanceMax);

    const id = uow.newId();
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
