-- Events that are not of an order: of drops, entries, coupons, stock, returns and users. The relay
-- reads them and `order_events` as one stream, by transaction. `seq` counts the events of one
-- subject from 1; a round that adds an event holds the lock of its subject.
CREATE TABLE shop_events (
  subject    uuid NOT NULL,
  seq        integer NOT NULL,
  id         uuid NOT NULL,
  type       text NOT NULL,
  data       jsonb NOT NULL,
  created_at timestamptz NOT NULL,
  xid        xid8 NOT NULL DEFAULT pg_current_xact_id(),
  PRIMARY KEY (subject, seq)
);
CREATE INDEX shop_events_by_transaction ON shop_events (xid);
CREATE UNIQUE INDEX shop_events_by_id ON shop_events (id);
