import { refuse } from "../refusal.ts";
import { command } from "../till/command.ts";
import { need } from "../till/table.ts";
import { addFunds } from "./balance.ts";
import { users } from "./balance.sql.ts";

export type ChargeBalance = {
  userId: string;
  /** Minor units, already checked against the shop's least and most. */
  amount: number;
  /** The wallet's version as the caller read it, or null to charge whatever it is by now. */
  version: number | null;
  balanceMax: number;
};

export type Charged = { userId: string; newBalance: number; transactionId: string; version: number };

/** Money arrives on a balance, at once. With a `version` only if the balance has not moved since that was read. */
export const chargeBalance = command<ChargeBalance, Charged>({
  name: "charge balance",
  needs: ({ userId }) => [need(users, userId)],

  decide(uow, { userId, amount, version, balanceMax }) {
    const wallet = uow.find(users, userId) ?? refuse("USER_NOT_FOUND", { userId });
    if (version !== null && version !== wallet.version) refuse("BALANCE_CONFLICT", { version: wallet.version });

    const transaction = addFunds(uow, wallet, { type: "CHARGE", amount }, balanceMax);
    return { userId, newBalance: transaction.balanceAfter, transactionId: transaction.id, version: transaction.version };
  },
});
