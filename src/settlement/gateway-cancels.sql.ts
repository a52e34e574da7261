import { iso, type Statement } from "../database/statement.ts";

/** A paid payment or charge, as far as the shop has booked it. Amounts in minor units. `openRefunds`: ids of refunds in progress. */
export type CancelClaim = {
  id: string;
  kind: "payment" | "charge";
  orderId: string | null;
  gatewayOrderId: string;
  amount: number;
  givenBack: number;
  openRefunds: string[];
};

/** The paid payments and charges with this payment key. */
export function selectCancelClaims(paymentKey: string): Statement {
  return {
    name: "select cancel claims",
    text: `SELECT p.id, 'payment' AS kind, p.order_id AS "orderId", coalesce(p.gateway_order_id, p.order_id::text) AS "gatewayOrderId", p.amount,
             coalesce((SELECT sum(amount) FROM refunds r WHERE r.payment_id = p.id AND r.status = 'COMPLETED'), 0)::bigint AS "givenBack",
             coalesce((SELECT json_agg(id) FROM refunds r WHERE r.payment_id = p.id AND r.status = 'PENDING'), '[]') AS "openRefunds"
           FROM payments p WHERE p.payment_key = $1 AND p.status IN ('COMPLETED', 'PARTIALLY_REFUNDED')
           UNION ALL SELECT c.id, 'charge', NULL, c.id::text, c.amount, 0, '[]' FROM card_charges c WHERE c.payment_key = $1 AND c.status = 'COMPLETED'`,
    values: [paymentKey],
  };
}

/** A bank has taken back a deposit: the buyer's transfer was faulty. */
export const DEPOSIT_REVERSED = "DEPOSIT_REVERSED";

/** Stores that a deposit was taken back, for a person. */
export function insertReversedDeposit({ id, kind, amount }: CancelClaim, paymentKey: string, now: number): Statement {
  return {
    name: "insert reversed deposit",
    text: `INSERT INTO gateway_cancels (id, kind, payment_key, amount, reason, created_at) VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING`,
    values: [id, kind, paymentKey, amount, DEPOSIT_REVERSED, iso(now)],
  };
}

/** The buyer has paid again. */
export function deleteReversedDeposit(id: string): Statement {
  return { name: "delete reversed deposit", text: "DELETE FROM gateway_cancels WHERE id = $1 AND reason = $2", values: [id, DEPOSIT_REVERSED] };
}

/** Stores money that went back without the shop and that a person has to decide about; `amount` is all of it. */
export function upsertGatewayCancel({ id, kind }: CancelClaim, paymentKey: string, amount: number, now: number): Statement {
  return {
    name: "upsert gateway cancel",
    text: `INSERT INTO gateway_cancels AS g (id, kind, payment_key, amount, created_at) VALUES ($1, $2, $3, $4, $5)
           ON CONFLICT (id) DO UPDATE SET amount = excluded.amount WHERE g.amount < excluded.amount`,
    values: [id, kind, paymentKey, amount, iso(now)],
  };
}

/** The attempts with these payment keys that have failed, and whose money is not on its way back. */
export function selectFailedByKeys(paymentKeys: string[]): Statement {
  const of = (table: string, kind: string): string =>
    `SELECT a.id, '${kind}' AS kind FROM ${table} a WHERE a.payment_key = ANY($1::text[]) AND a.status = 'FAILED' AND NOT EXISTS (SELECT FROM stray_money s WHERE s.id = a.id)`;
  return { name: "select failed by keys", text: `${of("payments", "payments")} UNION ALL ${of("card_charges", "charges")}`, values: [paymentKeys] };
}
