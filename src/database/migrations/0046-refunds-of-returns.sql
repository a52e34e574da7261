-- A refund to a card that is still open remembers whether its units are sold again (null: they are),
-- and the return that it belongs to.
ALTER TABLE refunds ADD COLUMN restock boolean, ADD COLUMN return_id uuid;
