-- See 0084. One table in use per migration.
ALTER TABLE shop_events ALTER COLUMN xid SET DEFAULT shop_xid(pg_current_xact_id());
