import type { Check } from "./check.ts";
import { ledgers } from "./shared-scans.ts";

/** Per user: balance = sum of COMPLETED transactions = the last `balanceAfter`; never negative. */
export const balances: Check[] = [
  {
    invariant: 1,
    what: "a balance is not the sum of its transactions",
    scan: ledgers,
    where: "u.balance <> coalesce(t.sum, 0) OR u.balance < 0",
    select: `u.id AS "userId", coalesce(t.sum, 0)::bigint AS expected, u.balance AS actual`,
  },
  {
    // Each ledger row continues the one before it, so the last balance is the sum of all. The check
    // reports the first row that does not.
    invariant: 1,
    what: "a transaction's balanceAfter does not follow from the one before it",
    scan: ledgers,
    where: "t.broken IS NOT NULL",
    select: `t.user_id AS "userId", t.broken AS "transactionId", t.upto::bigint AS expected, t.balance_after AS actual`,
  },
  {
    // At each movement, not only at the end: a later grant must not hide it.
    invariant: 1,
    what: "more granted money was taken back than had been granted",
    scan: ledgers,
    where: "t.granted < 0",
    select: `t.user_id AS "userId", 0 AS expected, t.granted::bigint AS actual`,
  },
  {
    invariant: 1,
    what: "a card charge and its transaction differ",
    sql: `SELECT c.user_id AS "userId", c.id AS "transactionId", c.status AS expected, t.status AS actual
          FROM card_charges c LEFT JOIN balance_transactions t ON t.user_id = c.user_id AND t.version = c.version AND t.id = c.id
          WHERE t.id IS NULL OR t.status <> c.status OR t.amount <> c.amount OR t.type <> 'CHARGE'`,
  },
  {
    invariant: 1,
    what: "a transaction has no user",
    scan: ledgers,
    where: "u.id IS NULL",
    select: `t.user_id AS "userId", (SELECT id FROM balance_transactions b WHERE b.user_id = t.user_id ORDER BY version LIMIT 1) AS "transactionId"`,
  },
];
