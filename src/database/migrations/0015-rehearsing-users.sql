-- Marks a rehearsal's buyers. They buy only that rehearsal's copies. Their orders appear in no
-- list, statistic or sink. The previous release named such a buyer `rehearsal-{id of the
-- rehearsal}-{number}`.
ALTER TABLE users ADD COLUMN rehearsal_id uuid;

UPDATE users u SET rehearsal_id = r.id FROM rehearsals r
WHERE u.external_id ~ '^rehearsal-[0-9a-f-]{36}-[0-9]+$' AND substr(u.external_id, 11, 36) = r.id::text;

CREATE INDEX users_of_rehearsals ON users (id) WHERE rehearsal_id IS NOT NULL;
