-- Which rows of a named batch of grants were granted: by batch, user and reason, so that no file that names its batch pays a row twice.
-- A row stays for good, because a file can be sent again at any time. `key` is a hash: see src/balance/batch-grant.sql.ts.

CREATE TABLE batch_grants (
  key        text PRIMARY KEY,
  amount     bigint NOT NULL CHECK (amount > 0),
  created_at timestamptz NOT NULL DEFAULT now()
);
