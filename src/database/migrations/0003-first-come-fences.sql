-- With REDIS_URL an instance is admitted to first-come keys by a lock in Redis (src/lock/redis-lock.ts). Each holder has a higher number
-- than the one before; here stands the highest that has been seen, so that a holder whose lock has expired in the meantime is found out.
CREATE TABLE first_come_fences (
  key   text PRIMARY KEY,
  fence bigint NOT NULL
) WITH (fillfactor = 50);

-- Called by a round before it locks anything else, with the keys in order. 40001: look again.
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
