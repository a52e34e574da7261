-- Sessions of operators who signed in to the console at the issuer. The key of `sealed` is the
-- session's id, which only the operator's browser has; `id` is a hash of it.
CREATE TABLE console_sessions (
  id            text PRIMARY KEY,
  sealed        text NOT NULL,
  expires_at    timestamptz NOT NULL,
  -- Until then one request replaces the tokens.
  claimed_until timestamptz
);
CREATE INDEX console_sessions_by_expiry ON console_sessions (expires_at);
