-- A replay has an id of its own, so that a sink that drops repeated deliveries takes the event again. Null: never replayed.
ALTER TABLE letters ADD COLUMN replay uuid;
-- Metrics count the dead letters of a sink.
CREATE INDEX letters_dead ON letters (sink) WHERE status = 'DEAD';
