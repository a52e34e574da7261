-- With REDIS_URL a lock in Redis admits instances to first-come keys (src/lock/redis-lock.ts). Each
-- holder has a higher fencing token than the one before. This table has the highest token seen, so
-- that a holder whose lock has expired is rejected.
CREATE TABLE first_come_fences (
  key   text PRIMARY KEY,
  fence bigint NOT NULL
) WITH (fillfactor = 50);

-- Called by a round before it locks anything else, with the keys in order. 40001: the round is
-- retried.
CREATE FUNCTION check_first_come_fences(keys text[], fences bigint[]) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  FOR i IN 1 .. cardinality(keys) LOOP
    INSERT INTO first_come_fences AS known (key, fence) VALUES (keys[i], fences[i])
    ON CONFLICT (key) DO UPDATE SET fence = excluded.fence WHERE known.fence <= excluded.fence;
    IF NOT FOUND THEN
      RAISE EXCEPTION 'somebody else was admitted to % since', keys[i] USING ERRCODE = '40001';
    END IF;
  END LOOP;
END
$$;
