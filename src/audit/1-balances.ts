import type { Check } from "./check.ts";

/** Per user: balance = sum of COMPLETED transactions = the last `balanceAfter`; never negative. */
export const balances: Check[] = [
  {
    invariant: 1,
    what: "a balance is not the sum of its transactions",
    sql: `SELECT u.id AS "userId", coalesce(t.sum, 0)::bigint AS expected, u.balance AS actual
          FROM users u LEFT JOIN (SELECT user_id, sum(amount) AS sum FROM balance_transactions WHERE status = 'COMPLETED' GROUP BY user_id) t ON t.user_id = u.id
          WHERE u.balance <> coalesce(t.sum, 0) OR u.balance < 0`,
  },
  {
    // Every row of the ledger continues the one before it; so the last one's balance is the sum of all.
    invariant: 1,
    what: "a transaction's balanceAfter does not follow from the one before it",
    sql: `SELECT user_id AS "userId", id AS "transactionId", sum::bigint AS expected, balance_after AS actual
          FROM (SELECT user_id, id, balance_after, sum(amount) OVER (PARTITION BY user_id ORDER BY version) AS sum FROM balance_transactions WHERE status = 'COMPLETED') t
          WHERE balance_after IS DISTINCT FROM sum`,
  },
  {
    invariant: 1,
    what: "a charge by card and its transaction differ",
    sql: `SELECT c.user_id AS "userId", c.id AS "transactionId", c.status AS expected, t.status AS actual
          FROM card_charges c LEFT JOIN balance_transactions t ON t.user_id = c.user_id AND t.version = c.version AND t.id = c.id
          WHERE t.id IS NULL OR t.status <> c.status OR t.amount <> c.amount OR t.type <> 'CHARGE'`,
  },
  {
    invariant: 1,
    what: "a transaction belongs to nobody",
    sql: `SELECT t.user_id AS "userId", t.id AS "transactionId" FROM balance_transactions t LEFT JOIN users u ON u.id = t.user_id WHERE u.id IS NULL`,
  },
];
