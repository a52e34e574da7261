-- The drop by whose rules a product is sold, if any.
ALTER TABLE products ADD COLUMN drop_id uuid;
CREATE INDEX products_in_drops ON products (drop_id) WHERE drop_id IS NOT NULL;
