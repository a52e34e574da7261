-- A shopper could put a rehearsal's copy into a cart, where it now would keep the whole cart from being ordered.
DELETE FROM cart_items c USING products p, users u
WHERE p.id = c.product_id AND u.id = c.user_id AND p.rehearsal_id IS DISTINCT FROM u.rehearsal_id;
