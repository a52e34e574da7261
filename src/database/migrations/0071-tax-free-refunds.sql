-- The tax-free part of a refund. Null in rows of earlier versions, which sent none.
ALTER TABLE refunds ADD COLUMN tax_free_amount bigint CONSTRAINT refunds_tax_free_amount_check CHECK (tax_free_amount BETWEEN 0 AND amount);
