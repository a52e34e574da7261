-- Settings that stored data depends on: the days of `product_sales` are in the time zone, and all
-- amounts in the currency. An instance with other settings does not start
-- (src/settings/stored-settings.ts).
CREATE TABLE stored_settings (
  name  text PRIMARY KEY, -- timezone, currency
  value text NOT NULL
);
