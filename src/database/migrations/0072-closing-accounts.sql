-- The buyer or an operator has cancelled an order whose payment waits for a deposit: its virtual account is being closed.
ALTER TABLE payments ADD COLUMN closing boolean;
