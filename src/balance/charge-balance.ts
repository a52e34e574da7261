import { refuse } from "../refusal.ts";
import { command } from "../till/command.ts";
import { need } from "../till/table.ts";
import { users } from "./balance.sql.ts";
import { getWallet } from "./customer.ts";
import { addFunds } from "./move-money.ts";

export type ChargeBalance = {
  userId: string;
  /** In minor units, already checked against the limits of a charge. */
  amount: number;
  /** The wallet's version as the caller read it; null charges at any version. */
  version: number | null;
  balanceMax: number;
};

export type Charged = { userId: string; newBalance: number; transactionId: string; version: number };

/**
 * Adds money to a balance at once. With a `version`, only if the balance has not moved since the caller read it.
 * Errors: USER_NOT_FOUND, BALANCE_CONFLICT, BALANCE_LIMIT_EXCEEDED.
 */
export const chargeBalance = command<ChargeBalance, Charged>({
  name: "charge balance",
  needs: ({ userId }) => [need(users, userId)],

  decide(uow, { userId, amount, version, balanceMax }) {
    const wallet = getWallet(uow, userId);
    if (version !== null && version !== wallet.version) refuse("BALANCE_CONFLICT", { version: wallet.version });

    const transaction = addFunds(uow, wallet, { type: "CHARGE", amount }, balanceMax);
    return { userId, newBalance: transaction.balanceAfter, transactionId: transaction.id, version: transaction.version };
  },
});
