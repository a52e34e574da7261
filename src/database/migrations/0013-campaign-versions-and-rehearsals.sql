-- `version` counts the edits that operators made, never the coupons that were issued.
-- `sold_out_at` is when the last coupon went, so that a list's order can be told as of an instant.
-- `rehearsal_id` marks the copy that a rehearsal made: for any other user it does not exist.
ALTER TABLE campaigns
  ADD COLUMN version integer NOT NULL DEFAULT 1,
  ADD COLUMN sold_out_at timestamptz,
  ADD COLUMN rehearsal_id uuid;

UPDATE campaigns c SET rehearsal_id = r.id FROM rehearsals r WHERE r.coupon_id = c.id;
UPDATE campaigns SET sold_out_at = created_at WHERE issued_quantity >= total_quantity;
