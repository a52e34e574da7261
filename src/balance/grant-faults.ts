import type { RefusalDetails } from "../refusal.ts";
import type { UnitOfWork } from "../till/unit-of-work.ts";
import { batchGrantKey, batchGrants } from "./batch-grant.sql.ts";
import { findWallet } from "./customer.ts";
import { refuseRows, type RowFault } from "./row-faults.ts";

type Grant = { userId: string; amount: number; reason: string };

/** Reasons why a row cannot be granted, in the order in which they are reported. `REPEATED` and `AMOUNT_DIFFERS` need a named batch. */
export const GRANT_FAULTS = ["USER_NOT_FOUND", "REPEATED", "AMOUNT_DIFFERS", "BALANCE_LIMIT_EXCEEDED"] as const;
export type GrantFault = { path: string; problem: (typeof GRANT_FAULTS)[number]; message: string };
type DetailedFault = GrantFault & { details: RefusalDetails };

/** The amount that this batch has granted to this user for this reason already, if it has. */
export function grantedBefore(uow: UnitOfWork, batch: string | undefined, { userId, reason }: Grant): number | undefined {
  return batch === undefined ? undefined : uow.find(batchGrants, batchGrantKey(batch, userId, reason));
}

/** Every row that cannot be granted, in order, with its first fault. */
export function grantFaults(uow: UnitOfWork, grants: Grant[], batch: string | undefined, balanceMax: number): DetailedFault[] {
  const faults: DetailedFault[] = [];
  const rows = new Map<string, number>();
  const balances = new Map<string, number>();
  for (const [row, grant] of grants.entries()) {
    const { userId, amount, reason } = grant;
    const fault = (field: string, problem: DetailedFault["problem"], message: string, details: RefusalDetails = {}): void =>
      void faults.push({ path: `/grants/${row}${field}`, problem, message, details });

    const balance = balances.get(userId) ?? findWallet(uow, userId)?.balance;
    if (balance === undefined) {
      fault("/userId", "USER_NOT_FOUND", "user does not exist", { userId });
      continue;
    }
    const grantedAmount = grantedBefore(uow, batch, grant);
    if (batch !== undefined) {
      const key = batchGrantKey(batch, userId, reason);
      const first = rows.get(key);
      if (first !== undefined) {
        fault("", "REPEATED", `repeats /grants/${first}: a batch grants to a user for a reason once`);
        continue;
      }
      rows.set(key, row);
      if (grantedAmount !== undefined && grantedAmount !== amount)
        fault("/amount", "AMOUNT_DIFFERS", `the batch granted ${grantedAmount} to this user for this reason already`);
      if (grantedAmount !== undefined) continue;
    }
    if (balance + amount > balanceMax)
      fault("/amount", "BALANCE_LIMIT_EXCEEDED", `balance would exceed ${balanceMax}`, { userId, requested: amount, balance, limit: balanceMax });
    else balances.set(userId, balance + amount);
  }
  return faults;
}

/** Refuses with the code that is checked first (existence, then the batch, then the limit) and names the first faulty rows of any code. */
export function refuseGrants(faults: DetailedFault[]): never {
  const rows = faults.map(({ problem, ...fault }): RowFault => ({
    ...fault,
    code: problem === "REPEATED" || problem === "AMOUNT_DIFFERS" ? "INVALID_REQUEST" : problem,
  }));
  refuseRows(rows, ["USER_NOT_FOUND", "INVALID_REQUEST", "BALANCE_LIMIT_EXCEEDED"]);
}
