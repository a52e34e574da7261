-- A replay has its own id, so that a sink that drops duplicates accepts the event again. Null:
-- never replayed.
ALTER TABLE letters ADD COLUMN replay uuid;
-- For the metric of a sink's dead letters.
CREATE INDEX letters_dead ON letters (sink) WHERE status = 'DEAD';
