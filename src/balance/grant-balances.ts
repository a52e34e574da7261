import { command } from "../till/command.ts";
import { need } from "../till/table.ts";
import type { Wallet } from "./balance.ts";
import { users } from "./balance.sql.ts";
import { batchGrantKey, batchGrants } from "./batch-grant.sql.ts";
import { countGranted } from "./granted-money.sql.ts";
import { grantedBefore, type GrantFault, grantFaults, refuseGrants } from "./grant-faults.ts";
import { addFunds } from "./move-money.ts";

export type GrantBalances = {
  grants: { userId: string; amount: number; reason: string; customerReason?: string }[];
  /** A batch grants to a user for a reason once. Rows that it has granted already are left out and counted. */
  batch?: string;
  /** Changes nothing, and reports every faulty row instead of refusing the first ones. */
  dryRun?: boolean;
  balanceMax: number;
};
export type Granted = { granted: number; totalAmount: number; alreadyGranted?: number; faults?: GrantFault[] };

/**
 * Grants money to many users, all or nothing.
 * Errors: USER_NOT_FOUND, INVALID_REQUEST, BALANCE_LIMIT_EXCEEDED, each with the first faulty rows.
 */
export const grantBalances = command<GrantBalances, Granted>({
  name: "grant balances",
  needs: ({ grants, batch }) => [
    ...grants.map(({ userId }) => need(users, userId)),
    ...(batch === undefined ? [] : grants.map(({ userId, reason }) => need(batchGrants, batchGrantKey(batch, userId, reason)))),
  ],

  decide(uow, { grants, batch, dryRun = false, balanceMax }) {
    const due = grants.filter((grant) => grantedBefore(uow, batch, grant) === undefined);
    const result: Granted = { granted: due.length, totalAmount: due.reduce((sum, { amount }) => sum + amount, 0) };
    if (batch !== undefined) result.alreadyGranted = grants.length - due.length;
    const faults = grantFaults(uow, grants, batch, balanceMax);
    if (dryRun) return { ...result, faults: faults.map(({ path, problem, message }) => ({ path, problem, message })) };
    if (faults.length > 0) refuseGrants(faults);

    for (const { userId, ...grant } of due) {
      if (batch !== undefined) uow.put(batchGrants, batchGrantKey(batch, userId, grant.reason), grant.amount);
      addFunds(uow, uow.find(users, userId) as Wallet, { type: "GRANT", ...grant }, balanceMax);
      countGranted(uow, userId, grant.amount);
    }
    return result;
  },
});
