-- `erased_at`: when the personal data of the user was erased for good.
ALTER TABLE users ADD COLUMN erased_at timestamptz;
