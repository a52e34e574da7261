-- When the entries of a draw were closed: from then on the draw has these entries, and no clock can
-- add or remove another. `opening_told`, `closing_told`: the events of the drop were written.
ALTER TABLE drops ADD COLUMN entries_closed_at timestamptz, ADD COLUMN opening_told boolean, ADD COLUMN closing_told boolean;

-- The leaves of a draw's tree in parts of 1,024, in order of number: `numbers` of the entries, their
-- `leaves` (32 bytes each), and the `node` above them. A proof reads one part and all nodes.
CREATE TABLE draw_parts (
  drop_id uuid NOT NULL,
  part    integer NOT NULL CHECK (part >= 0),
  numbers integer[] NOT NULL,
  leaves  bytea NOT NULL,
  node    bytea NOT NULL,
  PRIMARY KEY (drop_id, part)
);
ALTER TABLE draw_parts ALTER COLUMN leaves SET STORAGE EXTERNAL;
