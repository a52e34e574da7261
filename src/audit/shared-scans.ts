// Scans that several checks share. Each joins one big table with its orders or users in key order,
// which is the order on disk. Merge joins need no hash table that could exceed memory; only the
// ledger has no such index and is sorted. A FULL JOIN includes orphans.

import { ITEMS } from "../order/order.sql.ts";

/** The statuses of paid orders and of their payments. */
export const SETTLED = "('COMPLETED', 'PARTIALLY_REFUNDED', 'REFUNDED')";

/**
 * Users `u` and the sums `t` of their ledgers, with the first inconsistent transaction and the lowest sum, at any time, of money that was granted
 * and not taken back.
 */
export const ledgers = `users u FULL JOIN (
  SELECT user_id, sum(amount) FILTER (WHERE status = 'COMPLETED') AS sum, (array_agg(id) FILTER (WHERE broken))[1] AS broken,
    (array_agg(upto) FILTER (WHERE broken))[1] AS upto, (array_agg(balance_after) FILTER (WHERE broken))[1] AS balance_after, min(granted) AS granted
  FROM (SELECT *, status = 'COMPLETED' AND balance_after IS DISTINCT FROM upto AS broken
        FROM (SELECT user_id, id, status, amount, balance_after, sum(CASE WHEN status = 'COMPLETED' THEN amount ELSE 0 END) OVER so_far AS upto,
                sum(CASE WHEN type IN ('GRANT', 'REVOKE') THEN amount ELSE 0 END) OVER so_far AS granted
              FROM balance_transactions WINDOW so_far AS (PARTITION BY user_id ORDER BY version ROWS UNBOUNDED PRECEDING)) summed) checked
  GROUP BY user_id
) t ON t.user_id = u.id`;

/** The line items `i` of an order `o`. A refunded quantity of 0 is null. */
export const LINE_ITEMS = `jsonb_to_recordset(${ITEMS}) AS i("variantId" uuid, "productId" uuid, "unitPrice" bigint, quantity bigint, "refundedQuantity" bigint)`;

/** Orders `o` and the sums `i` of their line items, null without line items. */
export const orderLineItems = `orders o CROSS JOIN LATERAL (
  SELECT sum("unitPrice" * quantity) AS total, sum(quantity) AS bought, sum(coalesce("refundedQuantity", 0)) AS returned,
    bool_or("unitPrice" < 0 OR quantity < 1 OR "refundedQuantity" < 0) AS impossible FROM ${LINE_ITEMS}
) i`;

/** The payment of order `o` from the balance is part of the order. */
export const BY_BALANCE = "(o.paid_at IS NOT NULL)";

/** Orders `o`, their payments `p` at the gateway without failed ones, and their sums `t` in the ledgers. */
export const orderPayments = `(orders o LEFT JOIN (
  SELECT order_id, count(*) FILTER (WHERE status IN ${SETTLED}) AS settled, min(status) FILTER (WHERE status IN ${SETTLED}) AS status, min(amount) AS least, max(amount) AS most, bool_or(method = 'BALANCE') AS by_balance,
    sum(amount) FILTER (WHERE method = 'BALANCE' AND status IN ${SETTLED}) AS from_balance
  FROM payments WHERE status <> 'FAILED' GROUP BY order_id
) p ON p.order_id = o.id) FULL JOIN (
  SELECT order_id, -sum(amount) FILTER (WHERE type = 'PAYMENT') AS paid, sum(amount) FILTER (WHERE type = 'REFUND' AND order_id IS NOT NULL) AS given
  FROM balance_transactions WHERE status = 'COMPLETED' AND type IN ('PAYMENT', 'REFUND') GROUP BY order_id
) t ON t.order_id = o.id`;

/** The number of events that order `o` itself is: its first, 1 or 0. */
export const FIRST_EVENT = "(o.xid IS NOT NULL)::int";

/** Other events of an order are of its parcels and returns. */
const CHANGES_STATUS =
  "type IN ('order.placed', 'order.completed', 'order.cancelled', 'order.expired', 'order.refunded', 'order.partially-refunded')";

/** Orders `o` and a summary `e` of their later events; `last_type` is of the last that changed the status. */
export const orderHistory = `orders o FULL JOIN (
  SELECT order_id, count(*) AS count, min(seq) AS first, max(seq) AS last, (array_agg(type ORDER BY seq) FILTER (WHERE ${CHANGES_STATUS}))[count(*) FILTER (WHERE ${CHANGES_STATUS})] AS last_type,
    sum((data ->> 'amount')::bigint) FILTER (WHERE type IN ('order.refunded', 'order.partially-refunded')) AS refunded
  FROM order_events GROUP BY order_id
) e ON e.order_id = o.id`;
