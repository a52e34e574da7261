-- The buyer's account, to which a deposit goes back. Removed when the refund has ended.
ALTER TABLE refunds ADD COLUMN receive_account jsonb;
