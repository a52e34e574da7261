-- The version of a product: the number of operators' edits of it or its variants. The previous
-- release does not increase it.
ALTER TABLE products ADD COLUMN version integer NOT NULL DEFAULT 0;
