-- Variants get a version and a status of their own, and a SKU belongs to one variant of the shop.

ALTER TABLE variants
  ADD COLUMN version integer NOT NULL DEFAULT 0,
  ADD COLUMN status text NOT NULL DEFAULT 'ON_SALE' CHECK (status IN ('ON_SALE', 'NOT_FOR_SALE'));

-- If variants share a SKU, the oldest keeps it. The others get the first free suffix, within the
-- 100 characters of a SKU.
DO $$
DECLARE
  twin record;
  suffix text;
  renamed text;
BEGIN
  FOR twin IN
    SELECT id, sku FROM (SELECT id, sku, row_number() OVER (PARTITION BY sku ORDER BY id) AS place FROM variants WHERE sku IS NOT NULL) v
    WHERE place > 1 ORDER BY sku, id
  LOOP
    FOR n IN 2 .. 1000000 LOOP
      suffix := '-' || n;
      renamed := left(twin.sku, 100 - length(suffix)) || suffix;
      EXIT WHEN NOT EXISTS (SELECT FROM variants WHERE sku = renamed);
    END LOOP;
    UPDATE variants SET sku = renamed WHERE id = twin.id;
    RAISE WARNING 'SKU "%" was in use twice: variant % has "%" now', twin.sku, twin.id, renamed;
  END LOOP;
END
$$;

-- Checked at the end of each statement, so that two variants can exchange their SKUs. The previous
-- release, which may still be serving, does not check whether a SKU is in use: such a request of
-- its operators fails.
ALTER TABLE variants ADD CONSTRAINT variants_sku_unique UNIQUE (sku) DEFERRABLE INITIALLY IMMEDIATE;
