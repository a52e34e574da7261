-- `key_number`: as for payments. `resolved_at`: when a person has closed a refund that the gateway refused.
ALTER TABLE refunds
  ADD COLUMN key_number  integer NOT NULL DEFAULT 0,
  ADD COLUMN resolved_at timestamptz;
CREATE INDEX refunds_refused ON refunds (created_at) WHERE status = 'FAILED' AND resolved_at IS NULL;
CREATE INDEX refunds_by_key ON refunds (payment_key);
