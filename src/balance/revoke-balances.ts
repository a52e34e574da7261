import { command } from "../till/command.ts";
import { need } from "../till/table.ts";
import type { UnitOfWork } from "../till/unit-of-work.ts";
import type { Wallet } from "./balance.ts";
import { users } from "./balance.sql.ts";
import { findWallet } from "./customer.ts";
import { countGranted, grantedMoney } from "./granted-money.sql.ts";
import { moveMoney } from "./move-money.ts";
import { refuseRows, type RowFault } from "./row-faults.ts";

export type Revocation = { userId: string; amount: number; reason: string };
export type RevokeBalances = { revocations: Revocation[] };
export type Revoked = { revoked: number; totalAmount: number };

/**
 * Takes granted money back from many users, all or nothing: from each at most the amount that was
 * granted and not yet taken back, and at most the balance.
 * Errors: USER_NOT_FOUND, BALANCE_INSUFFICIENT, each with the first faulty rows.
 */
export const revokeBalances = command<RevokeBalances, Revoked>({
  name: "revoke balances",
  needs: ({ revocations }) => revocations.flatMap(({ userId }) => [need(users, userId), need(grantedMoney, userId)]),

  decide(uow, { revocations }) {
    const faults = revocationFaults(uow, revocations);
    if (faults.length > 0) refuseRows(faults, ["USER_NOT_FOUND", "BALANCE_INSUFFICIENT"]);

    // Below this line the money is taken back.
    let totalAmount = 0;
    for (const { userId, amount, reason } of revocations) {
      moveMoney(uow, uow.find(users, userId) as Wallet, { type: "REVOKE", amount: -amount, reason });
      countGranted(uow, userId, -amount);
      totalAmount += amount;
    }
    return { revoked: revocations.length, totalAmount };
  },
});

/** Every row that cannot be taken back, in order. Rows of one user count together. */
function revocationFaults(uow: UnitOfWork, revocations: Revocation[]): RowFault[] {
  const available = new Map<string, number>();
  return revocations.flatMap(({ userId, amount }, row): RowFault[] => {
    const wallet = findWallet(uow, userId);
    if (wallet === undefined)
      return [{ path: `/revocations/${row}/userId`, code: "USER_NOT_FOUND", message: "user does not exist", details: { userId } }];
    const most = available.get(userId) ?? Math.min(wallet.balance, uow.find(grantedMoney, userId) ?? 0);
    if (amount > most) {
      const message = `at most ${most} of the granted money can be taken back`;
      return [{ path: `/revocations/${row}/amount`, code: "BALANCE_INSUFFICIENT", message, details: { userId, requested: amount, available: most } }];
    }
    available.set(userId, most - amount);
    return [];
  });
}
