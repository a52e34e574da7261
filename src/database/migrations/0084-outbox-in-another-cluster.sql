-- Transaction ids belong to one PostgreSQL cluster. A dump that is restored into another cluster has
-- ids that are still to come there, so no event would be delivered. The outbox therefore stores
-- `shop_xid(id)`, which adds nothing in the first cluster. `adopt_cluster`, called at each start,
-- replaces it by an addition when the stored ids are not below the next one.
CREATE FUNCTION shop_xid(xid xid8) RETURNS xid8 LANGUAGE sql IMMUTABLE PARALLEL SAFE AS 'SELECT $1';

-- An order's event has the id that follows from the order and the number, unless it has an id of its
-- own. After a restore to an earlier point the same order and number may be another event, which a
-- receiver would drop as a repetition: so from then on events get ids of their own.
ALTER TABLE order_events ALTER COLUMN xid SET DEFAULT shop_xid(pg_current_xact_id()), ADD COLUMN id uuid;
CREATE UNIQUE INDEX order_events_by_id ON order_events (id) WHERE id IS NOT NULL;

-- From now on events get ids of their own. Returns false if they already do.
CREATE FUNCTION use_own_event_ids() RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
  IF EXISTS (SELECT FROM pg_attribute WHERE attrelid = 'order_events'::regclass AND attname = 'id' AND atthasdef) THEN RETURN false; END IF;
  ALTER TABLE order_events ALTER COLUMN id SET DEFAULT gen_random_uuid();
  RETURN true;
END
$$;

-- Identifies the cluster and its timeline, which changes with a restore to a point in time and with
-- a promotion. Null if this server does not tell.
CREATE FUNCTION cluster_timeline() RETURNS text LANGUAGE plpgsql AS $$
BEGIN
  RETURN (SELECT system_identifier FROM pg_control_system()) || '/' || left(pg_walfile_name(pg_current_wal_lsn()), 8);
EXCEPTION WHEN insufficient_privilege OR feature_not_supported OR undefined_function THEN RETURN NULL;
END
$$;

-- Makes the outbox right in the cluster that it is now in. The caller lets only one instance do this
-- at a time. All ids that are visible lie below the next one of their own cluster, so a shop that
-- others run on at the same time is not touched.
CREATE FUNCTION adopt_cluster() RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  newest xid8;
  upcoming xid8;
  timeline text := cluster_timeline();
  known text := (SELECT value FROM stored_settings WHERE name = 'cluster');
BEGIN
  -- Each by its index. PostgreSQL 15 has no max(xid8).
  SELECT greatest((SELECT xid FROM orders WHERE xid IS NOT NULL ORDER BY xid DESC LIMIT 1), (SELECT xid FROM order_events ORDER BY xid DESC LIMIT 1),
      (SELECT xid FROM shop_events ORDER BY xid DESC LIMIT 1), (SELECT position FROM sinks ORDER BY position DESC LIMIT 1),
      (SELECT xid FROM checkpoints ORDER BY xid DESC LIMIT 1)),
    pg_snapshot_xmax(pg_current_snapshot())
    INTO newest, upcoming;
  IF newest >= shop_xid(upcoming) THEN
    EXECUTE format('CREATE OR REPLACE FUNCTION shop_xid(xid xid8) RETURNS xid8 LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $f$ SELECT (($1::text::bigint + %s)::text)::xid8 $f$',
      newest::text::bigint + 1 - upcoming::text::bigint);
    RAISE WARNING 'the database came from another PostgreSQL cluster: its outbox continues after transaction %', newest;
  END IF;
  IF timeline IS NULL OR timeline = known THEN RETURN; END IF;
  INSERT INTO stored_settings (name, value) VALUES ('cluster', timeline) ON CONFLICT (name) DO UPDATE SET value = excluded.value;
  IF known IS NOT NULL AND use_own_event_ids() THEN
    RAISE WARNING 'the database was restored, moved or promoted (% to %): from now on events of orders have ids of their own', known, timeline;
  END IF;
END
$$;
