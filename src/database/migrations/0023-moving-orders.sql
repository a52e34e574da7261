-- While instances of the version before run, orders are kept in the layout that they can read: a
-- trigger turns each order that this version writes back into rows of `order_items`, `payments` and
-- `order_events`. When no such instance is connected, `finish_order_layout` drops the triggers, and
-- `move_orders` moves the rows into `orders`.

-- The line items of an order that was not moved. SKU and options are the variant's present ones.
CREATE FUNCTION unmoved_items(the_order uuid) RETURNS jsonb LANGUAGE sql STABLE AS $$
  SELECT jsonb_agg(jsonb_strip_nulls(jsonb_build_object('variantId', i.variant_id, 'productId', i.product_id, 'sku', v.sku, 'name', i.name,
    'options', nullif(v.options, '{}'), 'unitPrice', i.unit_price, 'quantity', i.quantity, 'refundedQuantity', nullif(i.refunded_quantity, 0))) ORDER BY i.line)
  FROM order_items i LEFT JOIN variants v ON v.id = i.variant_id WHERE i.order_id = the_order
$$;

CREATE FUNCTION keep_orders_readable() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  ids uuid[] := (SELECT array_agg(id) FROM written WHERE items IS NOT NULL OR paid_at IS NOT NULL OR xid IS NOT NULL);
BEGIN
  IF ids IS NULL THEN RETURN NULL; END IF;
  INSERT INTO order_items (order_id, variant_id, product_id, line, name, unit_price, quantity, refunded_quantity)
    SELECT o.id, (i.item ->> 'variantId')::uuid, (i.item ->> 'productId')::uuid, i.place - 1, i.item ->> 'name', (i.item ->> 'unitPrice')::bigint,
      (i.item ->> 'quantity')::int, coalesce((i.item ->> 'refundedQuantity')::int, 0)
    FROM orders o CROSS JOIN LATERAL jsonb_array_elements(o.items) WITH ORDINALITY i(item, place) WHERE o.id = ANY(ids)
    ON CONFLICT (order_id, variant_id) DO UPDATE SET refunded_quantity = excluded.refunded_quantity;
  INSERT INTO payments (id, order_id, method, status, amount, created_at, paid_at)
    SELECT coalesce(payment_id, balance_payment_id(id)), id, 'BALANCE', status, total_amount - discount_amount, paid_at, paid_at
    FROM orders WHERE id = ANY(ids) AND paid_at IS NOT NULL
    ON CONFLICT (id) DO UPDATE SET status = excluded.status;
  INSERT INTO order_events (order_id, seq, type, created_at, xid)
    SELECT order_id, seq, type, created_at, xid FROM order_history WHERE order_id = ANY(ids) AND seq = 1
    ON CONFLICT DO NOTHING;
  UPDATE orders SET items = NULL, paid_at = NULL, payment_id = NULL, xid = NULL WHERE id = ANY(ids);
  RETURN NULL;
END
$$;

CREATE TRIGGER keep_placed_orders_readable AFTER INSERT ON orders REFERENCING NEW TABLE AS written
  FOR EACH STATEMENT EXECUTE FUNCTION keep_orders_readable();
CREATE TRIGGER keep_changed_orders_readable AFTER UPDATE ON orders REFERENCING NEW TABLE AS written
  FOR EACH STATEMENT EXECUTE FUNCTION keep_orders_readable();

-- Moves these orders. Before the layout is finished it does nothing. A first event that does not
-- follow from its order stays in `order_events`.
CREATE FUNCTION move_orders(ids uuid[]) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  IF to_regclass('order_items_unmoved') IS NULL THEN RETURN; END IF;
  UPDATE orders o SET items = unmoved_items(o.id), paid_at = p.paid_at, payment_id = p.id, xid = e.xid
    FROM unnest(ids) AS unmoved(id)
      LEFT JOIN payments p ON p.order_id = unmoved.id AND p.method = 'BALANCE' AND p.status <> 'FAILED'
      LEFT JOIN order_events e ON e.order_id = unmoved.id AND e.seq = 1
    WHERE o.id = unmoved.id AND o.items IS NULL
      AND (e.seq IS NULL OR (e.created_at = o.created_at AND e.type = CASE WHEN o.expires_at IS NULL THEN 'order.completed' ELSE 'order.placed' END));
  DELETE FROM order_items_unmoved i USING orders o WHERE o.id = i.order_id AND o.id = ANY(ids) AND o.items IS NOT NULL;
  DELETE FROM payments p USING orders o WHERE o.id = p.order_id AND o.id = ANY(ids) AND o.items IS NOT NULL AND p.method = 'BALANCE' AND p.status <> 'FAILED';
  DELETE FROM order_events e USING orders o WHERE o.id = e.order_id AND o.id = ANY(ids) AND o.xid IS NOT NULL AND e.seq = 1;
END
$$;

-- Whether an instance of the version before is connected: instances of this version hold two locks,
-- older ones only the first (src/settings/stored-settings.sql.ts).
CREATE FUNCTION older_instances() RETURNS bigint LANGUAGE sql AS $$
  SELECT count(*) FROM pg_locks a WHERE a.locktype = 'advisory' AND a.database = (SELECT oid FROM pg_database WHERE datname = current_database())
    AND a.classid = 0 AND a.objid = 7264003 AND a.objsubid = 1 AND a.mode = 'ShareLock' AND a.granted
    AND NOT EXISTS (SELECT FROM pg_locks b WHERE b.pid = a.pid AND b.database = a.database AND b.locktype = 'advisory' AND b.classid = 0 AND b.objid = 7264004 AND b.granted)
$$;

-- Ends the support of older instances, if none is connected, and returns whether it has ended. From
-- then on older instances cannot place or pay orders: `order_items` is a view, and `payments` takes
-- no payment from the balance.
CREATE FUNCTION finish_order_layout() RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
  IF to_regclass('order_items_unmoved') IS NOT NULL THEN RETURN true; END IF;
  IF older_instances() > 0 THEN RETURN false; END IF;
  LOCK TABLE orders, order_items, payments IN ACCESS EXCLUSIVE MODE;
  DROP TRIGGER keep_placed_orders_readable ON orders;
  DROP TRIGGER keep_changed_orders_readable ON orders;
  CREATE INDEX IF NOT EXISTS orders_by_transaction ON orders (xid) WHERE xid IS NOT NULL;
  CREATE UNIQUE INDEX IF NOT EXISTS orders_by_payment ON orders (payment_id) WHERE payment_id IS NOT NULL;
  ALTER TABLE payments ADD CONSTRAINT payments_gateway_check CHECK (method <> 'BALANCE') NOT VALID;
  ALTER TABLE order_items RENAME TO order_items_unmoved;
  -- For reports. Programs of the shop read `items`.
  CREATE VIEW order_items AS
    SELECT o.id AS order_id, (i.item ->> 'variantId')::uuid AS variant_id, (i.item ->> 'productId')::uuid AS product_id, (i.place - 1)::smallint AS line,
      i.item ->> 'name' AS name, (i.item ->> 'unitPrice')::bigint AS unit_price, (i.item ->> 'quantity')::int AS quantity,
      coalesce((i.item ->> 'refundedQuantity')::int, 0) AS refunded_quantity, i.item ->> 'sku' AS sku, coalesce(i.item -> 'options', '{}') AS options
    FROM orders o CROSS JOIN LATERAL jsonb_array_elements(o.items) WITH ORDINALITY i(item, place)
    UNION ALL
    SELECT u.order_id, u.variant_id, u.product_id, u.line, u.name, u.unit_price, u.quantity, u.refunded_quantity, v.sku, coalesce(v.options, '{}')
    FROM order_items_unmoved u LEFT JOIN variants v ON v.id = u.variant_id;
  RETURN true;
END
$$;
