-- When nothing of a drop was free for the first time. `sold_out_at` is cleared when units come back.
ALTER TABLE drops ADD COLUMN first_sold_out_at timestamptz;
