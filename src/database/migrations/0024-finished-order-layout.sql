-- A shop that was stopped for the upgrade, or is new, has no older instances. Otherwise the job
-- `move-orders` does this later.
SELECT finish_order_layout();
