import { arrayOf } from "../database/statement.ts";
import type { Table } from "../till/table.ts";
import type { UnitOfWork } from "../till/unit-of-work.ts";

/**
 * By user: the money that operators have granted and not taken back, in minor units. The lock of the
 * user's wallet guards it, so a command reads it only for users that it locks. A user without grants
 * has 0.
 */
export const grantedMoney: Table<number> = {
  name: "granted money",
  load: (userIds) => ({
    name: "read granted money",
    text: `SELECT k.id, (SELECT coalesce(sum(amount), 0)::bigint FROM balance_transactions WHERE user_id = k.id AND type IN ('GRANT', 'REVOKE')) AS amount
           FROM unnest($1::uuid[]) k(id)`,
    values: [arrayOf(userIds, (id) => id)],
  }),
  read: (row) => [row["id"] as string, row["amount"] as number],
  save: () => [], // `ledger` writes the transactions.
};

/** Lets later commands of the round see a grant, or with a negative amount a revocation. */
export function countGranted(uow: UnitOfWork, userId: string, amount: number): void {
  const before = uow.peek(grantedMoney, userId);
  if (before !== undefined) uow.put(grantedMoney, userId, before + amount);
}
