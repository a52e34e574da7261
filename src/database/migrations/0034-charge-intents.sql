-- Charges of a balance that a client has announced, so that the gateway's window can be opened with
-- an order id. A charge that names one has its id. Rows without a charge are purged.
CREATE TABLE charge_intents (
  id         uuid PRIMARY KEY,
  user_id    uuid NOT NULL,
  amount     bigint NOT NULL CHECK (amount > 0),
  created_at timestamptz NOT NULL,
  expires_at timestamptz NOT NULL
);
CREATE INDEX charge_intents_expired ON charge_intents (expires_at);
