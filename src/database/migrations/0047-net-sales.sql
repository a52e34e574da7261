-- Amounts of the units kept: `net` is paid less refunded. `orders` are those that are not fully
-- refunded. The job `recount-sales` fills them in for past days.
ALTER TABLE product_sales ADD COLUMN net bigint NOT NULL DEFAULT 0, ADD COLUMN refunded bigint NOT NULL DEFAULT 0;

CREATE TABLE sales_days (
  day    date PRIMARY KEY,
  orders bigint NOT NULL
);
