-- Marks the copy that a rehearsal made: for any other user it does not exist, and no figure counts it.
ALTER TABLE products ADD COLUMN rehearsal_id uuid;

UPDATE products p SET rehearsal_id = r.id FROM rehearsals r WHERE r.product_id = p.id;
