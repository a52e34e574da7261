-- The drop by whose rules a product is sold, if any.
ALTER TABLE products ADD COLUMN drop_id uuid;
