-- The shop's tables. Tables whose rows the till updates often leave free space on each page
-- (fillfactor), so that a new row version fits beside the old one and no index has to be updated.
-- There are no foreign keys on the path of a sale: rows are never deleted, and `audit` looks for
-- orphans (docs/decisions/0004).

CREATE TABLE users (
  id          uuid PRIMARY KEY,
  name        text NOT NULL,
  external_id text UNIQUE,
  balance     bigint NOT NULL DEFAULT 0 CHECK (balance >= 0),
  version     integer NOT NULL DEFAULT 0,
  created_at  timestamptz NOT NULL
) WITH (fillfactor = 70);

-- The ledger. `version` is the wallet's version after this row, so it orders the movements of
-- money.
CREATE TABLE balance_transactions (
  user_id       uuid NOT NULL,
  version       integer NOT NULL,
  id            uuid NOT NULL,
  type          text NOT NULL CHECK (type IN ('CHARGE', 'PAYMENT', 'REFUND', 'GRANT')),
  status        text NOT NULL CHECK (status IN ('PENDING', 'COMPLETED', 'FAILED')),
  amount        bigint NOT NULL CHECK (amount <> 0 AND (amount < 0) = (type = 'PAYMENT')),
  balance_after bigint CHECK (balance_after >= 0 AND balance_after >= amount),
  order_id      uuid,
  reason        text,
  created_at    timestamptz NOT NULL,
  PRIMARY KEY (user_id, version)
);

CREATE TABLE products (
  id          uuid PRIMARY KEY,
  name        text NOT NULL,
  description text NOT NULL DEFAULT '',
  status      text NOT NULL CHECK (status IN ('ON_SALE', 'NOT_FOR_SALE')),
  price       bigint NOT NULL CHECK (price >= 0), -- the lowest of its variants', so that lists can be sorted by it
  created_at  timestamptz NOT NULL
);
CREATE INDEX products_by_price ON products (price, id) WHERE status = 'ON_SALE';
CREATE INDEX products_by_name ON products (name, id) WHERE status = 'ON_SALE';

CREATE TABLE variants (
  id         uuid PRIMARY KEY,
  product_id uuid NOT NULL REFERENCES products (id),
  position   smallint NOT NULL,
  sku        text,
  name       text,
  options    jsonb NOT NULL DEFAULT '{}',
  price      bigint NOT NULL CHECK (price >= 0),
  stock      bigint NOT NULL CHECK (stock >= 0)
) WITH (fillfactor = 50);
CREATE INDEX variants_of_product ON variants (product_id, position);

-- Every change of stock except sales and their returns. Includes the initial stock.
CREATE TABLE stock_adjustments (
  id          uuid PRIMARY KEY,
  variant_id  uuid NOT NULL,
  delta       bigint NOT NULL,
  stock_after bigint NOT NULL CHECK (stock_after >= 0),
  reason      text NOT NULL,
  created_at  timestamptz NOT NULL
);
CREATE INDEX stock_adjustments_of_variant ON stock_adjustments (variant_id);

CREATE TABLE campaigns (
  id               uuid PRIMARY KEY,
  name             text NOT NULL,
  discount_type    text NOT NULL CHECK (discount_type IN ('FIXED', 'PERCENTAGE')),
  discount_value   bigint NOT NULL CHECK (discount_value > 0 AND (discount_type = 'FIXED' OR discount_value <= 100)),
  max_amount       bigint CHECK (max_amount > 0),
  min_order_amount bigint CHECK (min_order_amount >= 0),
  total_quantity   integer NOT NULL CHECK (total_quantity >= 0),
  issued_quantity  integer NOT NULL DEFAULT 0 CHECK (issued_quantity BETWEEN 0 AND total_quantity),
  opens_at         timestamptz NOT NULL,
  closes_at        timestamptz,
  valid_days       integer CHECK (valid_days > 0),
  expires_at       timestamptz,
  created_at       timestamptz NOT NULL
) WITH (fillfactor = 50);

CREATE TABLE user_coupons (
  id          uuid PRIMARY KEY,
  campaign_id uuid NOT NULL,
  user_id     uuid NOT NULL,
  status      text NOT NULL CHECK (status IN ('AVAILABLE', 'USED', 'EXPIRED')),
  issued_at   timestamptz NOT NULL,
  expires_at  timestamptz,
  used_at     timestamptz,
  order_id    uuid,
  CHECK ((status = 'USED') = (order_id IS NOT NULL) AND (status = 'USED') = (used_at IS NOT NULL)),
  UNIQUE (campaign_id, user_id)
) WITH (fillfactor = 80);
CREATE INDEX user_coupons_of_user ON user_coupons (user_id, id);
CREATE INDEX user_coupons_to_expire ON user_coupons (expires_at) WHERE status = 'AVAILABLE';
CREATE UNIQUE INDEX user_coupons_one_per_order ON user_coupons (order_id) WHERE order_id IS NOT NULL;

CREATE TABLE cart_items (
  id         uuid PRIMARY KEY,
  user_id    uuid NOT NULL,
  product_id uuid NOT NULL,
  variant_id uuid NOT NULL,
  quantity   integer NOT NULL CHECK (quantity BETWEEN 1 AND 1000000),
  created_at timestamptz NOT NULL,
  UNIQUE (user_id, variant_id)
);

-- An order's id ends in sixteen zero bits. The id of its n-th event has n in their place.
CREATE TABLE orders (
  id              uuid PRIMARY KEY,
  user_id         uuid NOT NULL,
  status          text NOT NULL CHECK (status IN ('PENDING', 'COMPLETED', 'REFUNDED', 'PARTIALLY_REFUNDED', 'CANCELLED', 'EXPIRED')),
  changes         integer NOT NULL CHECK (changes BETWEEN 1 AND 65535),
  user_coupon_id  uuid,
  total_amount    bigint NOT NULL CHECK (total_amount >= 0),
  discount_amount bigint NOT NULL CHECK (discount_amount BETWEEN 0 AND total_amount),
  refunded_amount bigint NOT NULL DEFAULT 0 CHECK (refunded_amount BETWEEN 0 AND total_amount - discount_amount),
  created_at      timestamptz NOT NULL,
  expires_at      timestamptz,
  completed_at    timestamptz,
  CHECK ((completed_at IS NOT NULL) = (status IN ('COMPLETED', 'REFUNDED', 'PARTIALLY_REFUNDED')))
);
CREATE INDEX orders_of_user ON orders (user_id, id);
CREATE INDEX orders_to_expire ON orders (expires_at) WHERE status = 'PENDING';

CREATE TABLE order_items (
  order_id          uuid NOT NULL,
  variant_id        uuid NOT NULL,
  product_id        uuid NOT NULL,
  line              smallint NOT NULL,
  name              text NOT NULL,
  unit_price        bigint NOT NULL CHECK (unit_price >= 0),
  quantity          integer NOT NULL CHECK (quantity >= 1),
  refunded_quantity integer NOT NULL DEFAULT 0 CHECK (refunded_quantity BETWEEN 0 AND quantity),
  PRIMARY KEY (order_id, variant_id)
);

CREATE TABLE payments (
  id         uuid PRIMARY KEY,
  order_id   uuid NOT NULL,
  method     text NOT NULL CHECK (method IN ('BALANCE', 'CARD')),
  status     text NOT NULL CHECK (status IN ('PENDING', 'UNKNOWN', 'COMPLETED', 'FAILED', 'REFUNDED', 'PARTIALLY_REFUNDED')),
  amount     bigint NOT NULL CHECK (amount >= 0),
  steps      jsonb,
  created_at timestamptz NOT NULL,
  paid_at    timestamptz
);
-- Of an order's payments at most one is settled or pending. Any number may have failed.
CREATE UNIQUE INDEX payments_one_per_order ON payments (order_id) WHERE status <> 'FAILED';

-- The outbox, which is also the history of orders: one row per change of an order. `xid` is the
-- transaction that wrote the row. Readers skip rows that are not older than every running
-- transaction.
CREATE TABLE order_events (
  order_id   uuid NOT NULL,
  seq        integer NOT NULL,
  type       text NOT NULL,
  data       jsonb,
  created_at timestamptz NOT NULL,
  xid        xid8 NOT NULL DEFAULT pg_current_xact_id(),
  PRIMARY KEY (order_id, seq)
);
CREATE INDEX order_events_by_transaction ON order_events (xid);

-- One row per sink: its position in the outbox, the holder of its lease, and the time of its next
-- try.
CREATE TABLE sinks (
  name            text PRIMARY KEY,
  position        xid8 NOT NULL DEFAULT '0',
  lease_owner     uuid,
  lease_until     timestamptz,
  failures        integer NOT NULL DEFAULT 0,
  next_attempt_at timestamptz NOT NULL DEFAULT '-infinity',
  last_error      text
);

-- When each batch of the outbox was delivered: the events after the previous row's position, up to
-- `position`.
CREATE TABLE deliveries (
  sink         text NOT NULL,
  position     xid8 NOT NULL,
  delivered_at timestamptz NOT NULL,
  PRIMARY KEY (sink, position)
);

-- Events that a sink refused one by one. They wait for a retry, or are dead until an operator
-- replays them.
CREATE TABLE letters (
  sink            text NOT NULL,
  order_id        uuid NOT NULL,
  seq             integer NOT NULL,
  status          text NOT NULL CHECK (status IN ('WAITING', 'DEAD', 'DELIVERED')),
  attempts        integer NOT NULL,
  next_attempt_at timestamptz NOT NULL,
  delivered_at    timestamptz,
  last_error      text,
  PRIMARY KEY (sink, order_id, seq)
);
CREATE INDEX letters_open ON letters (sink, next_attempt_at) WHERE status = 'WAITING';

CREATE TABLE product_sales (
  day        date NOT NULL,
  product_id uuid NOT NULL,
  units      bigint NOT NULL,
  revenue    bigint NOT NULL,
  PRIMARY KEY (day, product_id)
);

-- The position of the hourly aggregation in the outbox.
CREATE TABLE checkpoints (
  name text PRIMARY KEY,
  xid  xid8 NOT NULL DEFAULT '0',
  at   timestamptz
);
INSERT INTO checkpoints (name) VALUES ('aggregate-sales');

CREATE TABLE popular_snapshots (
  day         date NOT NULL,
  rank        smallint NOT NULL,
  product_id  uuid NOT NULL,
  total_sales bigint NOT NULL,
  PRIMARY KEY (day, rank)
);

CREATE TABLE jobs (
  name         text PRIMARY KEY,
  slot         timestamptz NOT NULL DEFAULT '-infinity',
  last_run_at  timestamptz,
  last_result  jsonb
);

CREATE TABLE job_runs (
  id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  name        text NOT NULL,
  started_at  timestamptz NOT NULL,
  finished_at timestamptz NOT NULL,
  result      jsonb NOT NULL
);
CREATE INDEX job_runs_by_name ON job_runs (name, id);

-- The first response to each keyed request, written in the transaction of its effect.
CREATE TABLE idempotency_keys (
  caller      text NOT NULL,
  key         text NOT NULL,
  fingerprint text NOT NULL,
  status      smallint NOT NULL,
  body        text NOT NULL,
  created_at  timestamptz NOT NULL,
  PRIMARY KEY (caller, key)
);
CREATE INDEX idempotency_keys_by_age ON idempotency_keys USING brin (created_at) WITH (autosummarize = on);

-- The ids of committed rounds, so that the outcome of a COMMIT without a response can be looked up.
CREATE TABLE rounds (
  id         uuid PRIMARY KEY,
  created_at timestamptz NOT NULL DEFAULT now()
);
