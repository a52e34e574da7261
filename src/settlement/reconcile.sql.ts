import { iso, type Statement } from "../database/statement.ts";

/** A payment or charge that the shop claims to have at the gateway, with the captured and the refunded amount in minor units. */
export type Claim = {
  paymentKey: string;
  gatewayOrderId: string;
  id: string;
  kind: "payment" | "charge";
  status: string;
  captured: number;
  givenBack: number;
};

/** Payments and charges by card with these payment keys, settled or not. */
export function selectClaims(paymentKeys: string[]): Statement {
  return {
    name: "select claims",
    text: `SELECT p.payment_key AS "paymentKey", coalesce(p.gateway_order_id, p.order_id::text) AS "gatewayOrderId", p.id, 'payment' AS kind, p.status,
             CASE WHEN p.status IN ('COMPLETED', 'REFUNDED', 'PARTIALLY_REFUNDED') THEN p.amount ELSE coalesce(s.amount, 0) END AS captured,
             (CASE WHEN s.status = 'RETURNED' THEN s.amount ELSE 0 END + least(p.amount, coalesce(g.accepted, 0)
               + coalesce((SELECT sum(r.amount) FROM refunds r WHERE r.payment_id = p.id AND r.status = 'COMPLETED'), 0)))::bigint AS "givenBack"
           FROM payments p LEFT JOIN stray_money s ON s.id = p.id LEFT JOIN gateway_cancels g ON g.id = p.id WHERE p.payment_key = ANY($1::text[])
           UNION ALL
           SELECT c.payment_key, c.id::text, c.id, 'charge', c.status,
             CASE WHEN c.status = 'COMPLETED' THEN c.amount ELSE coalesce(s.amount, 0) END, CASE WHEN s.status = 'RETURNED' THEN s.amount ELSE coalesce(g.accepted, 0) END
           FROM card_charges c LEFT JOIN stray_money s ON s.id = c.id LEFT JOIN gateway_cancels g ON g.id = c.id WHERE c.payment_key = ANY($1::text[])`,
    values: [paymentKeys],
  };
}

/** Payment keys of payments settled, charges started and refunds settled in this period, in order, those behind `after`. */
export function selectSettledKeys(from: number, to: number, after: string, limit: number): Statement {
  return {
    name: "select settled keys",
    text: `SELECT DISTINCT key FROM (
             SELECT payment_key AS key FROM payments WHERE payment_key IS NOT NULL AND paid_at >= $1 AND paid_at < $2
             UNION ALL SELECT payment_key FROM refunds WHERE settled_at >= $1 AND settled_at < $2
             UNION ALL SELECT payment_key FROM stray_money WHERE created_at >= $1 AND created_at < $2
             UNION ALL SELECT payment_key FROM card_charges WHERE status = 'COMPLETED' AND created_at >= $1 AND created_at < $2
           ) k WHERE key > $3 ORDER BY key LIMIT $4`,
    values: [iso(from), iso(to), after, limit],
  };
}
