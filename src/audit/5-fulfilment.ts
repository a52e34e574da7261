import type { Check } from "./check.ts";
import { LINE_ITEMS } from "./shared-scans.ts";

/** Units of line item `i` in the parcels of order `o`, and what became of them. */
const FATES = `(SELECT
    coalesce((SELECT sum((p ->> 'quantity')::bigint) FROM jsonb_array_elements(o.fulfilment -> 'shipments') s CROSS JOIN jsonb_array_elements(s -> 'items') p
              WHERE p ->> 'variantId' = i."variantId"::text), 0) AS shipped,
    coalesce((o.fulfilment -> 'returned' ->> i."variantId"::text)::bigint, 0) AS returned,
    coalesce((o.fulfilment -> 'writtenOff' ->> i."variantId"::text)::bigint, 0) AS written_off,
    coalesce(i."refundedQuantity", 0) AS refunded) f`;

/** Shipped + refunded before shipment ≤ bought, per line item. Each parcel and each return has its event. */
export const fulfilment: Check[] = [
  {
    invariant: 5,
    what: "a line item's units shipped and refunded before shipment exceed those bought",
    sql: `SELECT o.id AS "orderId", i."variantId", i.quantity AS expected, (f.shipped + f.refunded - f.returned)::bigint AS actual
          FROM orders o CROSS JOIN LATERAL ${LINE_ITEMS} CROSS JOIN LATERAL ${FATES}
          WHERE o.fulfilment IS NOT NULL AND f.shipped + f.refunded - f.returned > i.quantity`,
  },
  {
    invariant: 5,
    what: "a line item's units refunded after shipment exceed those shipped or refunded",
    sql: `SELECT o.id AS "orderId", i."variantId", least(f.shipped, f.refunded)::bigint AS expected, f.returned AS actual
          FROM orders o CROSS JOIN LATERAL ${LINE_ITEMS} CROSS JOIN LATERAL ${FATES}
          WHERE o.fulfilment IS NOT NULL AND f.returned > least(f.shipped, f.refunded)`,
  },
  {
    invariant: 2,
    what: "a line item's units written off exceed those refunded",
    sql: `SELECT o.id AS "orderId", i."variantId", f.refunded AS expected, f.written_off AS actual
          FROM orders o CROSS JOIN LATERAL ${LINE_ITEMS} CROSS JOIN LATERAL ${FATES}
          WHERE o.fulfilment IS NOT NULL AND f.written_off > f.refunded`,
  },
  {
    invariant: 5,
    what: "a line item's units of received returns exceed those refunded after shipment",
    sql: `SELECT r.order_id AS "orderId", r.variant_id AS "variantId", coalesce((o.fulfilment -> 'returned' ->> r.variant_id)::bigint, 0) AS expected, r.units AS actual
          FROM (SELECT order_id, p ->> 'variantId' AS variant_id, sum((p ->> 'quantity')::bigint)::bigint AS units
                FROM returns CROSS JOIN jsonb_array_elements(pieces) p WHERE status = 'RECEIVED' GROUP BY 1, 2) r
          LEFT JOIN orders o ON o.id = r.order_id
          WHERE r.units > coalesce((o.fulfilment -> 'returned' ->> r.variant_id)::bigint, 0)`,
  },
  {
    invariant: 6,
    what: "an order's parcels are not those of its events",
    sql: `SELECT coalesce(o.id, e.order_id) AS "orderId", coalesce(e.count, 0) AS expected, coalesce(jsonb_array_length(o.fulfilment -> 'shipments'), 0) AS actual
          FROM (SELECT * FROM orders WHERE fulfilment IS NOT NULL) o
          FULL JOIN (SELECT order_id, count(*) AS count FROM order_events WHERE type = 'order.shipped' GROUP BY 1) e ON e.order_id = o.id
          WHERE coalesce(e.count, 0) <> coalesce(jsonb_array_length(o.fulfilment -> 'shipments'), 0)`,
  },
  {
    invariant: 6,
    what: "an order's fulfilment status does not match its parcels",
    sql: `SELECT id AS "orderId", fulfilment_status AS actual FROM orders
          WHERE (fulfilment IS NOT NULL OR fulfilment_status IS NOT NULL)
            AND (coalesce(fulfilment_status, 'NONE') IN ('PARTIALLY_SHIPPED', 'SHIPPED', 'DELIVERED')) <> (coalesce(jsonb_array_length(fulfilment -> 'shipments'), 0) > 0)`,
  },
];
