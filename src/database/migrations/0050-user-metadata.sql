-- A shop's own data about a user: up to 50 texts by key.
ALTER TABLE users ADD COLUMN metadata jsonb;
