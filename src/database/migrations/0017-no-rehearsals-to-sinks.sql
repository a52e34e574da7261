-- Events of rehearsals are not told to sinks; one that waited for another try would be.
DELETE FROM letters l USING orders o, users u WHERE o.id = l.order_id AND u.id = o.user_id AND u.rehearsal_id IS NOT NULL;
