-- `version` counts operators' edits, not issued coupons. `sold_out_at` is when the last coupon was
-- issued, so that a list can be sorted as of an earlier time. `rehearsal_id` marks a rehearsal's
-- copy, which no user outside the rehearsal sees.
ALTER TABLE campaigns
  ADD COLUMN version integer NOT NULL DEFAULT 1,
  ADD COLUMN sold_out_at timestamptz,
  ADD COLUMN rehearsal_id uuid;

UPDATE campaigns c SET rehearsal_id = r.id FROM rehearsals r WHERE r.coupon_id = c.id;
UPDATE campaigns SET sold_out_at = created_at WHERE issued_quantity >= total_quantity;
