-- Payments by card, refunds to cards and charges by card: everything about which the gateway has the last word.
-- `ask_at` is when it is asked next, null once nothing is in doubt; `asked` counts, so that the pauses grow.

ALTER TABLE payments
  ADD COLUMN payment_key text,
  ADD COLUMN ask_at      timestamptz,
  ADD COLUMN asked       integer NOT NULL DEFAULT 0;
CREATE INDEX payments_to_ask ON payments (ask_at) WHERE ask_at IS NOT NULL;
CREATE INDEX payments_by_key ON payments (payment_key) WHERE payment_key IS NOT NULL;
CREATE INDEX payments_failed ON payments (order_id) WHERE status = 'FAILED';
CREATE INDEX payments_by_card ON payments (id) WHERE method = 'CARD';

-- A refund to a card, reserved before the gateway is called: what it gives back can't be given back again meanwhile.
-- Its id is the gateway's idempotency key.
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

-- A charge that is paid by card. Its row in the ledger says PENDING, COMPLETED or FAILED; here is what the gateway needs.
-- Its id is the transaction's, the gateway's order id and its idempotency key.
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

-- Money that the gateway took for something that failed in the shop. It is sent back, and operators see it.
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

-- A keyed request that needs the gateway is kept from its first round on, with the attempt that it began; `status` and `body`
-- are its answer only when that is over.
ALTER TABLE idempotency_keys ADD COLUMN attempt uuid;
