-- Columns that most orders do not use. `fulfilment` is {shipments: [{id, items, carrier,
-- trackingNumber, trackingUrl, shippedAt, deliveredAt}], returned: {variantId: units}, writtenOff:
-- {variantId: units}}, with instants in ms. A null `fulfilment_status` is NONE.
ALTER TABLE orders
  ADD COLUMN fulfilment        jsonb,
  ADD COLUMN fulfilment_status text,
  ADD COLUMN imported          boolean,
  ADD CONSTRAINT orders_fulfilment_status_check CHECK (fulfilment_status IN ('PREPARING', 'PARTIALLY_SHIPPED', 'SHIPPED', 'DELIVERED')) NOT VALID;

CREATE UNIQUE INDEX IF NOT EXISTS orders_by_external_id ON orders (external_id) WHERE external_id IS NOT NULL;
CREATE INDEX IF NOT EXISTS orders_in_fulfilment ON orders (fulfilment_status, id) WHERE fulfilment_status IS NOT NULL;
