-- Settings that stored data depends on, kept with it: the days of `product_sales` are days of the time zone, every amount is of the currency.
-- An instance that is set otherwise does not start (src/settings/stored-settings.ts).
CREATE TABLE stored_settings (
  name  text PRIMARY KEY, -- timezone, currency
  value text NOT NULL
);
