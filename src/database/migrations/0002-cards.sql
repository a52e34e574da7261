-- Card payments, refunds to cards and card charges: the gateway decides their outcome. `ask_at` is
-- the time of the next request to the gateway, null once the outcome is known. `asked` counts the
-- requests, so that the pauses grow.

ALTER TABLE payments
  ADD COLUMN payment_key text,
  ADD COLUMN ask_at      timestamptz,
  ADD COLUMN asked       integer NOT NULL DEFAULT 0;
CREATE INDEX payments_to_ask ON payments (ask_at) WHERE ask_at IS NOT NULL;
CREATE INDEX payments_by_key ON payments (payment_key) WHERE payment_key IS NOT NULL;
CREATE INDEX payments_failed ON payments (order_id) WHERE status = 'FAILED';
CREATE INDEX payments_by_card ON payments (id) WHERE method = 'CARD';

-- A refund to a card, reserved before the gateway is called, so that no other refund can return the
-- same items. Its id is the gateway's idempotency key.
CREATE TABLE refunds (
  id          uuid PRIMARY KEY,
  order_id    uuid NOT NULL,
  payment_id  uuid NOT NULL,
  payment_key text NOT NULL,
  status      text NOT NULL CHECK (status IN ('PENDING', 'COMPLETED', 'FAILED')),
  amount      bigint NOT NULL CHECK (amount > 0),
  pieces      jsonb NOT NULL, -- what comes back: [[variantId, quantity], …]
  reason      text NOT NULL,
  failure     text,
  created_at  timestamptz NOT NULL,
  settled_at  timestamptz,
  ask_at      timestamptz,
  asked       integer NOT NULL DEFAULT 0,
  CHECK ((status = 'PENDING') = (settled_at IS NULL))
);
CREATE UNIQUE INDEX refunds_one_under_way ON refunds (order_id) WHERE status = 'PENDING';
CREATE INDEX refunds_of_order ON refunds (order_id);
CREATE INDEX refunds_to_ask ON refunds (ask_at) WHERE ask_at IS NOT NULL;

-- A charge that is paid by card, with the data for the gateway. Its row in the ledger says PENDING,
-- COMPLETED or FAILED. Its id is the id of that transaction, the gateway's order id and its
-- idempotency key.
CREATE TABLE card_charges (
  id          uuid PRIMARY KEY,
  user_id     uuid NOT NULL,
  version     integer NOT NULL, -- where its row stands in the ledger
  status      text NOT NULL CHECK (status IN ('PENDING', 'COMPLETED', 'FAILED')),
  amount      bigint NOT NULL CHECK (amount > 0),
  payment_key text NOT NULL,
  reason      text,
  created_at  timestamptz NOT NULL,
  ask_at      timestamptz,
  asked       integer NOT NULL DEFAULT 0
);
CREATE INDEX card_charges_to_ask ON card_charges (ask_at) WHERE ask_at IS NOT NULL;
CREATE INDEX card_charges_by_key ON card_charges (payment_key);

-- Unmatched captures: money that the gateway took for a payment that failed in the shop. It is
-- refunded, and operators see it.
CREATE TABLE stray_money (
  id          uuid PRIMARY KEY, -- the payment's or the charge's
  payment_key text NOT NULL,
  amount      bigint NOT NULL CHECK (amount > 0),
  reason      text NOT NULL,
  status      text NOT NULL CHECK (status IN ('PENDING', 'RETURNED', 'REFUSED')),
  failure     text,
  created_at  timestamptz NOT NULL,
  settled_at  timestamptz,
  ask_at      timestamptz,
  asked       integer NOT NULL DEFAULT 0
);
CREATE INDEX stray_money_to_ask ON stray_money (ask_at) WHERE ask_at IS NOT NULL;

-- A keyed request that needs the gateway is stored in its first round, with the attempt that it
-- started. `status` and `body` are its response only when the attempt is over.
ALTER TABLE idempotency_keys ADD COLUMN attempt uuid;
