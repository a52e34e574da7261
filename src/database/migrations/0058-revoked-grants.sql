-- REVOKE takes back granted money. Every row satisfies the old checks, so the new ones need no scan.
ALTER TABLE balance_transactions
  DROP CONSTRAINT balance_transactions_type_check,
  ADD CONSTRAINT balance_transactions_type_check CHECK (type IN ('CHARGE', 'PAYMENT', 'REFUND', 'GRANT', 'REVOKE')) NOT VALID,
  DROP CONSTRAINT balance_transactions_check,
  ADD CONSTRAINT balance_transactions_check CHECK (amount <> 0 AND (amount < 0) = (type IN ('PAYMENT', 'REVOKE'))) NOT VALID;
