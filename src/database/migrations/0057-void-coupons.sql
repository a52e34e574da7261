-- `voided_at`: when an operator voided the coupon. A coupon that is in use then is VOID as soon as
-- its order gives it back. Every row satisfies the old check, so the new ones need no scan.
ALTER TABLE user_coupons
  ADD COLUMN voided_at timestamptz,
  DROP CONSTRAINT user_coupons_status_check,
  ADD CONSTRAINT user_coupons_status_check CHECK (status IN ('AVAILABLE', 'USED', 'EXPIRED', 'VOID')) NOT VALID,
  ADD CONSTRAINT user_coupons_voided_at_check CHECK (status <> 'VOID' OR voided_at IS NOT NULL) NOT VALID;
