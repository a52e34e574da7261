-- The part of a product's price that is exempt from value-added tax, per unit, in minor units.
ALTER TABLE products ADD COLUMN tax_free_amount bigint NOT NULL DEFAULT 0 CHECK (tax_free_amount >= 0);
