-- Events of rehearsals are not delivered to sinks, so those that wait for a retry are removed.
DELETE FROM letters l USING orders o, users u WHERE o.id = l.order_id AND u.id = o.user_id AND u.rehearsal_id IS NOT NULL;
