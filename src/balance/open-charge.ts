import { iso } from "../database/statement.ts";
import { command } from "../till/command.ts";
import { need } from "../till/table.ts";
import { checkLimit } from "./balance.ts";
import { users } from "./balance.sql.ts";
import { getWallet } from "./customer.ts";
import { CHARGE_INTENT_LASTS_MS } from "./charge-intent.ts";
import { chargeIntents } from "./charge-intent.sql.ts";

export type OpenCharge = {
  userId: string;
  /** In minor units, already checked against the limits of a charge. */
  amount: number;
  balanceMax: number;
};

export type OpenedCharge = { chargeId: string; amount: number; expiresAt: string };

/**
 * Announces a charge before the gateway's window opens: the window gets `chargeId` as its order id. Moves no money.
 * Errors: USER_NOT_FOUND, BALANCE_LIMIT_EXCEEDED.
 */
export const openCharge = command<OpenCharge, OpenedCharge>({
  name: "open charge",
  needs: ({ userId }) => [need(users, userId)],

  decide(uow, { userId, amount, balanceMax }) {
    const wallet = getWallet(uow, userId);
    checkLimit(wallet, amount, balanceMax);
    const id = uow.newId();
    const expiresAt = uow.now + CHARGE_INTENT_LASTS_MS;
    uow.put(chargeIntents, id, { id, userId, amount, createdAt: uow.now, expiresAt });
    return { chargeId: id, amount, expiresAt: iso(expiresAt) };
  },
});
