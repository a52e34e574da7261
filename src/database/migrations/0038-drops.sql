-- Drops, their entries, and the units that each person has of a drop. The lock of a drop protects
-- all rows that belong to it.

CREATE TABLE drops (
  id                  uuid PRIMARY KEY,
  name                text NOT NULL,
  product_id          uuid NOT NULL REFERENCES products (id),
  mode                text NOT NULL CHECK (mode IN ('DIRECT', 'FIRST_COME', 'DRAW')),
  opens_at            timestamptz NOT NULL,
  closes_at           timestamptz CHECK (closes_at > opens_at),
  limit_per_customer  integer CHECK (limit_per_customer > 0),
  hold_for            text,
  waitlist            boolean NOT NULL,
  metadata            jsonb NOT NULL DEFAULT '{}',
  version             integer NOT NULL,
  -- How many entries were numbered: 1, 2, 3 …
  number              integer NOT NULL DEFAULT 0 CHECK (number >= 0),
  paused_at           timestamptz,
  -- How long all finished pauses were together. Holds are stored less this time, so that resuming moves them all at once.
  paused_ms           bigint NOT NULL DEFAULT 0 CHECK (paused_ms >= 0),
  closed_at           timestamptz,
  released_at         timestamptz,
  sold_out_at         timestamptz,
  seed                text CHECK (seed ~ '^[0-9a-f]{64}$'),
  commitment          text CHECK (commitment ~ '^[0-9a-f]{64}$'),
  public_value_source text,
  public_value        text,
  entries_root        text CHECK (entries_root ~ '^[0-9a-f]{64}$'),
  entry_count         integer CHECK (entry_count >= 0),
  drawn_at            timestamptz,
  draw_stock          jsonb,
  created_at          timestamptz NOT NULL,
  rehearsal_id        uuid,
  CHECK ((mode = 'DRAW') = (seed IS NOT NULL AND commitment IS NOT NULL)),
  CHECK (mode = 'DIRECT' OR hold_for IS NOT NULL),
  CHECK (mode <> 'DRAW' OR closes_at IS NOT NULL)
) WITH (fillfactor = 50);
CREATE INDEX drops_of_product ON drops (product_id, id);

-- An entry is known by its drop and number. `held_until` is less the drop's paused_ms. `ended_at`: when it
-- lapsed, was left, or lost.
CREATE TABLE drop_entries (
  drop_id    uuid NOT NULL,
  number     integer NOT NULL CHECK (number >= 1),
  id         uuid NOT NULL,
  user_id    uuid NOT NULL,
  person     text NOT NULL,
  variant_id uuid NOT NULL,
  quantity   integer NOT NULL CHECK (quantity >= 1),
  status     text NOT NULL CHECK (status IN ('WAITING', 'HELD', 'ORDERED', 'BOUGHT', 'LAPSED', 'LEFT', 'LOST')),
  held_until timestamptz,
  rank       integer CHECK (rank >= 1),
  order_id   uuid,
  created_at timestamptz NOT NULL,
  ended_at   timestamptz,
  PRIMARY KEY (drop_id, number),
  CHECK (status <> 'HELD' OR held_until IS NOT NULL),
  CHECK (status NOT IN ('ORDERED', 'BOUGHT') OR order_id IS NOT NULL)
) WITH (fillfactor = 80);
-- The line of each variant: who is next, among entries of each quantity.
CREATE INDEX drop_entries_waiting ON drop_entries (drop_id, variant_id, quantity, (coalesce(rank, number))) WHERE status = 'WAITING';
CREATE INDEX drop_entries_held ON drop_entries (drop_id, held_until) WHERE status = 'HELD';

-- `units`: in orders that count, and in entries that wait or are held. `entry` is the number of the person's last entry.
CREATE TABLE drop_people (
  drop_id uuid NOT NULL,
  person  text NOT NULL,
  units   integer NOT NULL CHECK (units >= 0),
  most    integer,
  entry   integer,
  PRIMARY KEY (drop_id, person),
  CHECK (units <= most)
) WITH (fillfactor = 70);

-- The units that an order bought in a drop. `units` are those that count: neither cancelled, expired nor refunded.
CREATE TABLE drop_sales (
  order_id uuid NOT NULL,
  drop_id  uuid NOT NULL,
  person   text NOT NULL,
  entry    integer,
  units    integer NOT NULL CHECK (units >= 0),
  PRIMARY KEY (order_id, drop_id)
) WITH (fillfactor = 80);
CREATE INDEX drop_sales_of_drop ON drop_sales (drop_id);
