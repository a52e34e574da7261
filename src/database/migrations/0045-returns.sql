-- Returns of shipped units. `pieces` are [{shipmentId, variantId, quantity}].
CREATE TABLE returns (
  id         uuid PRIMARY KEY,
  order_id   uuid NOT NULL,
  status     text NOT NULL CHECK (status IN ('REQUESTED', 'WITHDRAWN', 'RECEIVED', 'REJECTED')),
  pieces     jsonb NOT NULL,
  reason     text NOT NULL,
  -- Why an operator has rejected it: for operators, and for the buyer.
  rejection          text,
  customer_rejection text,
  restock    boolean,
  created_at timestamptz NOT NULL,
  settled_at timestamptz
);
CREATE INDEX returns_of_order ON returns (order_id);
CREATE INDEX returns_by_status ON returns (status, id);
