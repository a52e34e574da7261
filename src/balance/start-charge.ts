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
  /** When the gateway is asked about it if nobody has brought it to its end by then. */ askAfterMs: number;
};

/**
 * The first round of a charge by card: a PENDING transaction, which moves nothing. It takes the wallet's next version as its place in the
 * ledger, so the version moves although the balance does not.
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
    const place = wallet.version + 1;
    uow.put(users, userId, { ...wallet, version: place });
    uow.put(cardCharges, id, {
      id,
      userId,
      version: place,
      status: "PENDING",
      amount,
      paymentKey,
      reason: null,
      createdAt: uow.now,
      askAt: uow.now + askAfterMs,
      asked: 0,
      balanceAfter: null,
    });
    return { kind: "attempt", id };
  },
});
