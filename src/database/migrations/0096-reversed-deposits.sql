-- Money that went back without the shop can also be a deposit that the bank has taken back: DEPOSIT_REVERSED. Null: a cancel in the dashboard.
ALTER TABLE gateway_cancels ADD COLUMN reason text;
