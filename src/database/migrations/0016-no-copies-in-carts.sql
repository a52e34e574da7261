-- Earlier a shopper could put a rehearsal's copy into a cart. Now it would prevent an order of the
-- whole cart.
DELETE FROM cart_items c USING products p, users u
WHERE p.id = c.product_id AND u.id = c.user_id AND p.rehearsal_id IS DISTINCT FROM u.rehearsal_id;
