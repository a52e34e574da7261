-- Metrics count the unmatched captures that the gateway refuses to give back.
CREATE INDEX stray_money_refused ON stray_money (created_at) WHERE status = 'REFUSED';
