-- Parts of the catalog that no sale reads. They have tables of their own, so that the rows that
-- orders lock and rewrite stay small. A row exists only if one of its parts is used.
CREATE TABLE product_details (
  product_id  uuid PRIMARY KEY,
  external_id text,
  images      jsonb, -- [{url, alt?}]
  tags        jsonb, -- ["…"]
  metadata    jsonb, -- {key: text}
  -- Checked at the end of each statement, so that two products can exchange their keys.
  CONSTRAINT product_details_external_id_unique UNIQUE (external_id) DEFERRABLE INITIALLY IMMEDIATE
);
CREATE INDEX product_details_by_tag ON product_details USING gin (tags jsonb_path_ops);

CREATE TABLE variant_details (
  variant_id uuid PRIMARY KEY,
  image_url  text,
  metadata   jsonb -- {key: text}
);

-- How many variants a product got after it was created. A product that got any has several, so
-- commands need not trust a cached list of its variants.
ALTER TABLE products ADD COLUMN variants_added integer NOT NULL DEFAULT 0;
