-- For the metric of unmatched captures that the gateway refuses to refund.
CREATE INDEX stray_money_refused ON stray_money (created_at) WHERE status = 'REFUSED';
