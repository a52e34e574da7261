-- After a draw an entry has its rank from `draw_parts`, and waits in `draw_lines`. No row of its own changes
-- until it stops waiting: a new version of each of a million entries costs more than all else of a draw.

-- In the order of `numbers`; null before the draw.
ALTER TABLE draw_parts ADD COLUMN ranks integer[];
UPDATE draw_parts p SET ranks = (
  SELECT array_agg(e.rank ORDER BY u.place) FROM unnest(p.numbers) WITH ORDINALITY u(number, place)
  JOIN drop_entries e ON e.drop_id = p.drop_id AND e.number = u.number)
FROM drops d WHERE d.id = p.drop_id AND d.drawn_at IS NOT NULL;

-- The line of each variant after a draw, among entries of each quantity. An entry's row is deleted when the entry
-- stops waiting.
CREATE TABLE draw_lines (
  drop_id    uuid NOT NULL,
  variant_id uuid NOT NULL,
  quantity   integer NOT NULL CHECK (quantity >= 1),
  rank       integer NOT NULL CHECK (rank >= 1),
  number     integer NOT NULL CHECK (number >= 1),
  PRIMARY KEY (drop_id, variant_id, quantity, rank)
);
INSERT INTO draw_lines (drop_id, variant_id, quantity, rank, number)
SELECT e.drop_id, e.variant_id, e.quantity, e.rank, e.number FROM drop_entries e JOIN drops d ON d.id = e.drop_id
WHERE d.drawn_at IS NOT NULL AND e.status = 'WAITING' AND e.rank IS NOT NULL;
