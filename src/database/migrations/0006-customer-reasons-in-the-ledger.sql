-- What a shopper reads about a grant or a refund; `reason` is the operator's own.
ALTER TABLE balance_transactions ADD COLUMN customer_reason text;
