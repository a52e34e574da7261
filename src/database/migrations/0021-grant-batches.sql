-- The granted rows of named batches of grants, by batch, user and reason, so that a file that is
-- sent twice grants no row twice. Rows are kept for good, because a file can be sent again at any
-- time. `key` is a hash: see src/balance/batch-grant.sql.ts.

CREATE TABLE batch_grants (
  key        text PRIMARY KEY,
  amount     bigint NOT NULL CHECK (amount > 0),
  created_at timestamptz NOT NULL DEFAULT now()
);
