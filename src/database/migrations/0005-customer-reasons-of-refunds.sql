-- The reason for a refund to a card that the shopper sees. `reason` is for operators.
ALTER TABLE refunds ADD COLUMN customer_reason text;
