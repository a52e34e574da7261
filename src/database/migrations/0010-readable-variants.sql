-- Text for people is stored in Unicode NFC and trimmed. Rows that are so already are not changed.
-- Rows that the previous release still writes are corrected by their next edit. Records of the past
-- (ledger, order items, reasons) stay as written. Options also stay as they are if two of their
-- keys would become the same.
CREATE OR REPLACE FUNCTION pg_temp.readable(written text) RETURNS text LANGUAGE sql IMMUTABLE AS $$
  SELECT btrim(normalize(written, NFC), U&'\0009\000A\000B\000C\000D\0020\00A0\1680\2000\2001\2002\2003\2004\2005\2006\2007\2008\2009\200A\2028\2029\202F\205F\3000\FEFF')
$$;

UPDATE variants SET name = pg_temp.readable(name) WHERE name <> pg_temp.readable(name);

WITH mended AS (
  SELECT id, jsonb_object_agg(pg_temp.readable(key), pg_temp.readable(value)) AS options
  FROM variants CROSS JOIN LATERAL jsonb_each_text(options)
  GROUP BY id
  HAVING bool_or(key <> pg_temp.readable(key) OR value <> pg_temp.readable(value))
    AND count(DISTINCT pg_temp.readable(key)) = count(*)
)
UPDATE variants v SET options = mended.options FROM mended WHERE mended.id = v.id;
