-- `key_number`: which of an attempt's idempotency keys is in use. A key to which the gateway has answered "later" is not used again.
-- `gateway_order_id`: the order id under which the payment window was opened; null: the order's own id.
ALTER TABLE payments
  ADD COLUMN key_number       integer NOT NULL DEFAULT 0,
  ADD COLUMN gateway_order_id text;

-- Money that went back at the gateway without the shop, by hand in its dashboard, and that the shop cannot book by itself: a part of a
-- payment, or of a charge. A person decides. `resolution` is that person's reason.
CREATE TABLE gateway_cancels (
  id          uuid PRIMARY KEY, -- the payment's or the charge's
  kind        text NOT NULL CHECK (kind IN ('payment', 'charge')),
  payment_key text NOT NULL,
  amount      bigint NOT NULL CHECK (amount > 0), -- all of it
  accepted    bigint NOT NULL DEFAULT 0 CHECK (accepted <= amount), -- the part that a person has accepted
  resolution  text,
  created_at  timestamptz NOT NULL,
  resolved_at timestamptz
);
CREATE INDEX gateway_cancels_open ON gateway_cancels (created_at) WHERE accepted < amount;
