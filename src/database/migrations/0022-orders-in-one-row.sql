-- An order is one row: its line items, its payment from the balance and its first event are columns
-- of `orders` (docs/decisions/0014). Rows of the layout before have no `items`; `move_orders` (0023)
-- moves them.

ALTER TABLE orders
  -- Line items in order: [{variantId, productId, sku, name, options, unitPrice, quantity,
  -- refundedQuantity}]. A null sku, empty options and a refunded quantity of 0 are left out.
  ADD COLUMN items            jsonb,
  -- When the balance paid. Null for an order that is unpaid, or paid at the gateway.
  ADD COLUMN paid_at          timestamptz,
  -- The payment's id, unless it is the id of the order's first event (balance_payment_id).
  ADD COLUMN payment_id       uuid,
  -- The transaction that placed the order: its first event in the outbox.
  ADD COLUMN xid              xid8,
  ADD COLUMN shipping_address jsonb,
  ADD COLUMN note             text,
  ADD COLUMN metadata         jsonb,
  ADD COLUMN external_id      text,
  ADD COLUMN preparing_at     timestamptz,
  ADD COLUMN holds_stock      boolean,
  ADD COLUMN drop_id          uuid,
  ADD COLUMN entry_id         uuid;
ALTER TABLE orders ADD CONSTRAINT orders_paid_at_check CHECK (paid_at IS NULL OR completed_at IS NOT NULL) NOT VALID;

-- The id of a balance payment that was made with its order.
CREATE FUNCTION balance_payment_id(order_id uuid) RETURNS uuid LANGUAGE sql IMMUTABLE PARALLEL SAFE AS
  $$ SELECT overlay(order_id::text PLACING '0001' FROM 33)::uuid $$;

-- All events of orders: first ones from `orders`, later ones from `order_events`. The first event of
-- an order of the layout before is in `order_events` too, and its `xid` in `orders` is null. The
-- condition stands outside: a branch of UNION ALL that has one cannot be read in the order of an
-- index.
CREATE VIEW order_history AS SELECT * FROM (
  SELECT id AS order_id, 1 AS seq, CASE WHEN expires_at IS NULL THEN 'order.completed' ELSE 'order.placed' END AS type, NULL::jsonb AS data, created_at, xid
  FROM orders
  UNION ALL SELECT order_id, seq, type, data, created_at, xid FROM order_events
) event WHERE xid IS NOT NULL;

-- All payments of orders, for reports: from the balance and at the gateway.
CREATE VIEW order_payments AS
  SELECT coalesce(payment_id, balance_payment_id(id)) AS id, id AS order_id, 'BALANCE' AS method, status, total_amount - discount_amount AS amount,
    paid_at AS created_at, paid_at, NULL::text AS payment_key
  FROM orders WHERE paid_at IS NOT NULL
  UNION ALL SELECT id, order_id, method, status, amount, created_at, paid_at, payment_key FROM payments;
