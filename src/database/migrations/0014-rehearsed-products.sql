-- Marks a rehearsal's copy, which no user outside the rehearsal sees and no statistic counts.
ALTER TABLE products ADD COLUMN rehearsal_id uuid;

UPDATE products p SET rehearsal_id = r.id FROM rehearsals r WHERE r.product_id = p.id;
