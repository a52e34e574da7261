-- The reason for a grant or a refund that the shopper sees. `reason` is for operators.
ALTER TABLE balance_transactions ADD COLUMN customer_reason text;
