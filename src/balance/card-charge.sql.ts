import { arrayOf, columns, type Statement } from "../database/statement.ts";
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

const STARTED = columns({
  id: "uuid",
  user_id: "uuid",
  version: "int",
  status: "text",
  amount: "bigint",
  payment_key: "text",
  created_at: "timestamptz",
  ask_at: "timestamptz",
});
const PENDING = columns({ user_id: "uuid", version: "int", id: "uuid", amount: "bigint", created_at: "timestamptz" });
const ENDED = columns({ user_id: "uuid", pending_version: "int", status: "text", version: "int", balance_after: "bigint" });
const CHANGED = columns({
  id: "uuid",
  status: "text",
  version: "int",
  reason: "text",
  ask_at: "timestamptz",
  asked: "int",
  key_number: "int",
});

function insertCharges(charges: CardCharge[]): Statement {
  return {
    name: "insert card charges",
    text: `INSERT INTO card_charges (${STARTED.names}) SELECT * FROM ${STARTED.unnest}`,
    values: STARTED.arrays(charges),
  };
}

/** Their rows in the ledger, which move no money yet. */
function insertPending(charges: CardCharge[]): Statement {
  return {
    name: "insert pending transactions",
    text: `INSERT INTO balance_transactions (${PENDING.names}, type, status)
           SELECT ${PENDING.names}, 'CHARGE', 'PENDING' FROM ${PENDING.unnest} v(${PENDING.names})`,
    values: PENDING.arrays(charges),
  };
}

/** A completed charge moves to the end of the ledger, because the money moves now. A failed one keeps its place. */
function endPending(charges: (CardCharge & { pendingVersion: number })[]): Statement {
  return {
    name: "end pending transactions",
    text: `UPDATE balance_transactions t SET status = v.status, version = v.version, balance_after = v.balance_after
           FROM ${ENDED.unnest} v(${ENDED.names}) WHERE t.user_id = v.user_id AND t.version = v.pending_version AND t.status = 'PENDING'`,
    values: ENDED.arrays(charges),
    rows: charges.length,
  };
}

function updateCharges(charges: CardCharge[]): Statement {
  return {
    name: "update card charges",
    text: `UPDATE card_charges c SET status = v.status, version = v.version, reason = v.reason, ask_at = v.ask_at, asked = v.asked, key_number = v.key_number
           FROM ${CHANGED.unnest} v(${CHANGED.names}) WHERE c.id = v.id AND c.status = 'PENDING'`,
    values: CHANGED.arrays(charges),
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
