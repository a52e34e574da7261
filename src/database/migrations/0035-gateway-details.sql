-- `details`: the payment in the gateway's words (method, company, last digits, approval, receipt, and the account of a deposit). A payment that
-- waits for a deposit has a status of its own. Every row satisfies the old check, so the new one needs no scan.
ALTER TABLE payments
  ADD COLUMN details jsonb,
  DROP CONSTRAINT payments_status_check,
  ADD CONSTRAINT payments_status_check
    CHECK (status IN ('PENDING', 'UNKNOWN', 'WAITING_FOR_DEPOSIT', 'COMPLETED', 'FAILED', 'REFUNDED', 'PARTIALLY_REFUNDED')) NOT VALID;
