-- What a shopper reads about a refund to a card; `reason` is the operator's own.
ALTER TABLE refunds ADD COLUMN customer_reason text;
