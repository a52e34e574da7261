import { timestampArray, arrayOf, textArray, type Statement } from "../database/statement.ts";
import type { Table } from "../till/table.ts";

/** A charge by card. `version` is the place of its row in the ledger; instants in ms, `amount` in minor units. */
export type CardCharge = {
  id: string;
  userId: string;
  version: number;
  status: "PENDING" | "COMPLETED" | "FAILED";
  amount: number;
  paymentKey: string;
  reason: string | null;
  createdAt: number;
  askAt: number | null;
  asked: number;
  /** The number of the idempotency key in use. */
  keyNumber: number;
  /** The balance after the charge; null until it is completed. */
  balanceAfter: number | null;
};

const CHARGE = `c.id, c.user_id AS "userId", c.version, c.status, c.amount, c.payment_key AS "paymentKey", c.reason, c.created_at AS "createdAt", c.ask_at AS "askAt", c.asked, c.key_number AS "keyNumber"`;

/** Charges by card, guarded by the lock on their user. */
export const cardCharges: Table<CardCharge> = {
  name: "card charges",
  load: (ids) => ({
    name: "read card charges",
    text: `SELECT ${CHARGE}, NULL::bigint AS "balanceAfter" FROM card_charges c WHERE c.id = ANY($1::uuid[])`,
    values: [arrayOf(ids, (id) => id)],
  }),
  read: (row) => [row["id"] as string, row as CardCharge],
  save(changes) {
    const started = changes.filter((change) => change.before === undefined).map(({ after }) => after);
    const updated = changes.filter((change) => change.before !== undefined);
    const ended = updated.filter(({ before, after }) => before?.status !== after.status);
    return [
      ...(started.length > 0 ? [insertCharges(started), insertPending(started)] : []),
      ...(ended.length > 0 ? [endPending(ended.map(({ before, after }) => ({ ...after, pendingVersion: before?.version ?? after.version })))] : []),
      ...(updated.length > 0 ? [updateCharges(updated.map(({ after }) => after))] : []),
    ];
  },
};

function insertCharges(charges: CardCharge[]): Statement {
  return {
    name: "insert card charges",
    text: `INSERT INTO card_charges (id, user_id, version, status, amount, payment_key, created_at, ask_at)
           SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::int[], $4::text[], $5::bigint[], $6::text[], $7::timestamptz[], $8::timestamptz[])`,
    values: [
      arrayOf(charges, (charge) => charge.id),
      arrayOf(charges, (charge) => charge.userId),
      arrayOf(charges, (charge) => charge.version),
      arrayOf(charges, (charge) => charge.status),
      arrayOf(charges, (charge) => charge.amount),
      textArray(charges, (charge) => charge.paymentKey),
      timestampArray(charges, (charge) => charge.createdAt),
      timestampArray(charges, (charge) => charge.askAt),
    ],
  };
}

/** Their rows in the ledger, which move no money yet. */
function insertPending(charges: CardCharge[]): Statement {
  return {
    name: "insert pending transactions",
    text: `INSERT INTO balance_transactions (user_id, version, id, type, status, amount, created_at)
           SELECT user_id, version, id, 'CHARGE', 'PENDING', amount, created_at FROM unnest($1::uuid[], $2::int[], $3::uuid[], $4::bigint[], $5::timestamptz[]) v(user_id, version, id, amount, created_at)`,
    values: [
      arrayOf(charges, (charge) => charge.userId),
      arrayOf(charges, (charge) => charge.version),
      arrayOf(charges, (charge) => charge.id),
      arrayOf(charges, (charge) => charge.amount),
      timestampArray(charges, (charge) => charge.createdAt),
    ],
  };
}

/** A completed charge moves to the end of the ledger, because the money moves now. A failed one keeps its place. */
function endPending(charges: (CardCharge & { pendingVersion: number })[]): Statement {
  return {
    name: "end pending transactions",
    text: `UPDATE balance_transactions t SET status = v.status, version = v.version, balance_after = v.balance_after
           FROM unnest($1::uuid[], $2::int[], $3::text[], $4::int[], $5::bigint[]) v(user_id, pending_version, status, version, balance_after) WHERE t.user_id = v.user_id AND t.version = v.pending_version AND t.status = 'PENDING'`,
    values: [
      arrayOf(charges, (charge) => charge.userId),
      arrayOf(charges, (charge) => charge.pendingVersion),
      arrayOf(charges, (charge) => charge.status),
      arrayOf(charges, (charge) => charge.version),
      arrayOf(charges, (charge) => charge.balanceAfter),
    ],
    rows: charges.length,
  };
}

function updateCharges(charges: CardCharge[]): Statement {
  return {
    name: "update card charges",
    text: `UPDATE card_charges c SET status = v.status, version = v.version, reason = v.reason, ask_at = v.ask_at, asked = v.asked, key_number = v.key_number
           FROM unnest($1::uuid[], $2::text[], $3::int[], $4::text[], $5::timestamptz[], $6::int[], $7::int[]) v(id, status, version, reason, ask_at, asked, key_number) WHERE c.id = v.id AND c.status = 'PENDING'`,
    values: [
      arrayOf(charges, (charge) => charge.id),
      arrayOf(charges, (charge) => charge.status),
      arrayOf(charges, (charge) => charge.version),
      textArray(charges, (charge) => charge.reason),
      timestampArray(charges, (charge) => charge.askAt),
      arrayOf(charges, (charge) => charge.asked),
      arrayOf(charges, (charge) => charge.keyNumber),
    ],
    rows: charges.length,
  };
}

/** A charge, and the balance after it if it is completed. */
export function selectCharge(id: string): Statement {
  return {
    name: "select card charge",
    text: `SELECT ${CHARGE}, t.balance_after AS "balanceAfter" FROM card_charges c LEFT JOIN balance_transactions t ON t.user_id = c.user_id AND t.version = c.version WHERE c.id = $1`,
    values: [id],
  };
}
